// Built by script/build-cards from frontend/: edit the sources there.
var za=Object.defineProperty;var La=Object.getOwnPropertyDescriptor;var f=(n,e,t,r)=>{for(var i=r>1?void 0:r?La(e,t):e,o=n.length-1,a;o>=0;o--)(a=n[o])&&(i=(r?a(e,t,i):a(i))||i);return r&&i&&za(e,t,i),i};var dt=globalThis,ut=dt.ShadowRoot&&(dt.ShadyCSS===void 0||dt.ShadyCSS.nativeShadow)&&"adoptedStyleSheets"in Document.prototype&&"replace"in CSSStyleSheet.prototype,on=Symbol(),dr=new WeakMap,qe=class{constructor(e,t,r){if(this._$cssResult$=!0,r!==on)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=e,this.t=t}get styleSheet(){let e=this.o,t=this.t;if(ut&&e===void 0){let r=t!==void 0&&t.length===1;r&&(e=dr.get(t)),e===void 0&&((this.o=e=new CSSStyleSheet).replaceSync(this.cssText),r&&dr.set(t,e))}return e}toString(){return this.cssText}},ur=n=>new qe(typeof n=="string"?n:n+"",void 0,on),$=(n,...e)=>{let t=n.length===1?n[0]:e.reduce((r,i,o)=>r+(a=>{if(a._$cssResult$===!0)return a.cssText;if(typeof a=="number")return a;throw Error("Value passed to 'css' function must be a 'css' function result: "+a+". Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.")})(i)+n[o+1],n[0]);return new qe(t,n,on)},cr=(n,e)=>{if(ut)n.adoptedStyleSheets=e.map(t=>t instanceof CSSStyleSheet?t:t.styleSheet);else for(let t of e){let r=document.createElement("style"),i=dt.litNonce;i!==void 0&&r.setAttribute("nonce",i),r.textContent=t.cssText,n.appendChild(r)}},an=ut?n=>n:n=>n instanceof CSSStyleSheet?(e=>{let t="";for(let r of e.cssRules)t+=r.cssText;return ur(t)})(n):n;var{is:Ra,defineProperty:Pa,getOwnPropertyDescriptor:Da,getOwnPropertyNames:Oa,getOwnPropertySymbols:qa,getPrototypeOf:Ha}=Object,ct=globalThis,mr=ct.trustedTypes,ja=mr?mr.emptyScript:"",Ia=ct.reactiveElementPolyfillSupport,He=(n,e)=>n,je={toAttribute(n,e){switch(e){case Boolean:n=n?ja:null;break;case Object:case Array:n=n==null?n:JSON.stringify(n)}return n},fromAttribute(n,e){let t=n;switch(e){case Boolean:t=n!==null;break;case Number:t=n===null?null:Number(n);break;case Object:case Array:try{t=JSON.parse(n)}catch{t=null}}return t}},mt=(n,e)=>!Ra(n,e),hr={attribute:!0,type:String,converter:je,reflect:!1,useDefault:!1,hasChanged:mt};Symbol.metadata??=Symbol("metadata"),ct.litPropertyMetadata??=new WeakMap;var W=class extends HTMLElement{static addInitializer(e){this._$Ei(),(this.l??=[]).push(e)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(e,t=hr){if(t.state&&(t.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(e)&&((t=Object.create(t)).wrapped=!0),this.elementProperties.set(e,t),!t.noAccessor){let r=Symbol(),i=this.getPropertyDescriptor(e,r,t);i!==void 0&&Pa(this.prototype,e,i)}}static getPropertyDescriptor(e,t,r){let{get:i,set:o}=Da(this.prototype,e)??{get(){return this[t]},set(a){this[t]=a}};return{get:i,set(a){let s=i?.call(this);o?.call(this,a),this.requestUpdate(e,s,r)},configurable:!0,enumerable:!0}}static getPropertyOptions(e){return this.elementProperties.get(e)??hr}static _$Ei(){if(this.hasOwnProperty(He("elementProperties")))return;let e=Ha(this);e.finalize(),e.l!==void 0&&(this.l=[...e.l]),this.elementProperties=new Map(e.elementProperties)}static finalize(){if(this.hasOwnProperty(He("finalized")))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(He("properties"))){let t=this.properties,r=[...Oa(t),...qa(t)];for(let i of r)this.createProperty(i,t[i])}let e=this[Symbol.metadata];if(e!==null){let t=litPropertyMetadata.get(e);if(t!==void 0)for(let[r,i]of t)this.elementProperties.set(r,i)}this._$Eh=new Map;for(let[t,r]of this.elementProperties){let i=this._$Eu(t,r);i!==void 0&&this._$Eh.set(i,t)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(e){let t=[];if(Array.isArray(e)){let r=new Set(e.flat(1/0).reverse());for(let i of r)t.unshift(an(i))}else e!==void 0&&t.push(an(e));return t}static _$Eu(e,t){let r=t.attribute;return r===!1?void 0:typeof r=="string"?r:typeof e=="string"?e.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(e=>this.enableUpdating=e),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(e=>e(this))}addController(e){(this._$EO??=new Set).add(e),this.renderRoot!==void 0&&this.isConnected&&e.hostConnected?.()}removeController(e){this._$EO?.delete(e)}_$E_(){let e=new Map,t=this.constructor.elementProperties;for(let r of t.keys())this.hasOwnProperty(r)&&(e.set(r,this[r]),delete this[r]);e.size>0&&(this._$Ep=e)}createRenderRoot(){let e=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return cr(e,this.constructor.elementStyles),e}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(e=>e.hostConnected?.())}enableUpdating(e){}disconnectedCallback(){this._$EO?.forEach(e=>e.hostDisconnected?.())}attributeChangedCallback(e,t,r){this._$AK(e,r)}_$ET(e,t){let r=this.constructor.elementProperties.get(e),i=this.constructor._$Eu(e,r);if(i!==void 0&&r.reflect===!0){let o=(r.converter?.toAttribute!==void 0?r.converter:je).toAttribute(t,r.type);this._$Em=e,o==null?this.removeAttribute(i):this.setAttribute(i,o),this._$Em=null}}_$AK(e,t){let r=this.constructor,i=r._$Eh.get(e);if(i!==void 0&&this._$Em!==i){let o=r.getPropertyOptions(i),a=typeof o.converter=="function"?{fromAttribute:o.converter}:o.converter?.fromAttribute!==void 0?o.converter:je;this._$Em=i;let s=a.fromAttribute(t,o.type);this[i]=s??this._$Ej?.get(i)??s,this._$Em=null}}requestUpdate(e,t,r,i=!1,o){if(e!==void 0){let a=this.constructor;if(i===!1&&(o=this[e]),r??=a.getPropertyOptions(e),!((r.hasChanged??mt)(o,t)||r.useDefault&&r.reflect&&o===this._$Ej?.get(e)&&!this.hasAttribute(a._$Eu(e,r))))return;this.C(e,t,r)}this.isUpdatePending===!1&&(this._$ES=this._$EP())}C(e,t,{useDefault:r,reflect:i,wrapped:o},a){r&&!(this._$Ej??=new Map).has(e)&&(this._$Ej.set(e,a??t??this[e]),o!==!0||a!==void 0)||(this._$AL.has(e)||(this.hasUpdated||r||(t=void 0),this._$AL.set(e,t)),i===!0&&this._$Em!==e&&(this._$Eq??=new Set).add(e))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(t){Promise.reject(t)}let e=this.scheduleUpdate();return e!=null&&await e,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(let[i,o]of this._$Ep)this[i]=o;this._$Ep=void 0}let r=this.constructor.elementProperties;if(r.size>0)for(let[i,o]of r){let{wrapped:a}=o,s=this[i];a!==!0||this._$AL.has(i)||s===void 0||this.C(i,void 0,o,s)}}let e=!1,t=this._$AL;try{e=this.shouldUpdate(t),e?(this.willUpdate(t),this._$EO?.forEach(r=>r.hostUpdate?.()),this.update(t)):this._$EM()}catch(r){throw e=!1,this._$EM(),r}e&&this._$AE(t)}willUpdate(e){}_$AE(e){this._$EO?.forEach(t=>t.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(e)),this.updated(e)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(e){return!0}update(e){this._$Eq&&=this._$Eq.forEach(t=>this._$ET(t,this[t])),this._$EM()}updated(e){}firstUpdated(e){}};W.elementStyles=[],W.shadowRootOptions={mode:"open"},W[He("elementProperties")]=new Map,W[He("finalized")]=new Map,Ia?.({ReactiveElement:W}),(ct.reactiveElementVersions??=[]).push("2.1.2");var ln=globalThis,pr=n=>n,ht=ln.trustedTypes,gr=ht?ht.createPolicy("lit-html",{createHTML:n=>n}):void 0,dn="$lit$",F=`lit$${Math.random().toFixed(9).slice(2)}$`,un="?"+F,Ba=`<${un}>`,ae=document,Be=()=>ae.createComment(""),Ue=n=>n===null||typeof n!="object"&&typeof n!="function",cn=Array.isArray,wr=n=>cn(n)||typeof n?.[Symbol.iterator]=="function",sn=`[ 	
\f\r]`,Ie=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,fr=/-->/g,_r=/>/g,ie=RegExp(`>|${sn}(?:([^\\s"'>=/]+)(${sn}*=${sn}*(?:[^ 	
\f\r"'\`<>=]|("|')|))|$)`,"g"),br=/'/g,vr=/"/g,xr=/^(?:script|style|textarea|title)$/i,mn=n=>(e,...t)=>({_$litType$:n,strings:e,values:t}),u=mn(1),b=mn(2),uu=mn(3),M=Symbol.for("lit-noChange"),c=Symbol.for("lit-nothing"),yr=new WeakMap,oe=ae.createTreeWalker(ae,129);function kr(n,e){if(!cn(n)||!n.hasOwnProperty("raw"))throw Error("invalid template strings array");return gr!==void 0?gr.createHTML(e):e}var $r=(n,e)=>{let t=n.length-1,r=[],i,o=e===2?"<svg>":e===3?"<math>":"",a=Ie;for(let s=0;s<t;s++){let l=n[s],d,h,m=-1,g=0;for(;g<l.length&&(a.lastIndex=g,h=a.exec(l),h!==null);)g=a.lastIndex,a===Ie?h[1]==="!--"?a=fr:h[1]!==void 0?a=_r:h[2]!==void 0?(xr.test(h[2])&&(i=RegExp("</"+h[2],"g")),a=ie):h[3]!==void 0&&(a=ie):a===ie?h[0]===">"?(a=i??Ie,m=-1):h[1]===void 0?m=-2:(m=a.lastIndex-h[2].length,d=h[1],a=h[3]===void 0?ie:h[3]==='"'?vr:br):a===vr||a===br?a=ie:a===fr||a===_r?a=Ie:(a=ie,i=void 0);let p=a===ie&&n[s+1].startsWith("/>")?" ":"";o+=a===Ie?l+Ba:m>=0?(r.push(d),l.slice(0,m)+dn+l.slice(m)+F+p):l+F+(m===-2?s:p)}return[kr(n,o+(n[t]||"<?>")+(e===2?"</svg>":e===3?"</math>":"")),r]},Ve=class n{constructor({strings:e,_$litType$:t},r){let i;this.parts=[];let o=0,a=0,s=e.length-1,l=this.parts,[d,h]=$r(e,t);if(this.el=n.createElement(d,r),oe.currentNode=this.el.content,t===2||t===3){let m=this.el.content.firstChild;m.replaceWith(...m.childNodes)}for(;(i=oe.nextNode())!==null&&l.length<s;){if(i.nodeType===1){if(i.hasAttributes())for(let m of i.getAttributeNames())if(m.endsWith(dn)){let g=h[a++],p=i.getAttribute(m).split(F),_=/([.?@])?(.*)/.exec(g);l.push({type:1,index:o,name:_[2],strings:p,ctor:_[1]==="."?gt:_[1]==="?"?ft:_[1]==="@"?_t:le}),i.removeAttribute(m)}else m.startsWith(F)&&(l.push({type:6,index:o}),i.removeAttribute(m));if(xr.test(i.tagName)){let m=i.textContent.split(F),g=m.length-1;if(g>0){i.textContent=ht?ht.emptyScript:"";for(let p=0;p<g;p++)i.append(m[p],Be()),oe.nextNode(),l.push({type:2,index:++o});i.append(m[g],Be())}}}else if(i.nodeType===8)if(i.data===un)l.push({type:2,index:o});else{let m=-1;for(;(m=i.data.indexOf(F,m+1))!==-1;)l.push({type:7,index:o}),m+=F.length-1}o++}}static createElement(e,t){let r=ae.createElement("template");return r.innerHTML=e,r}};function se(n,e,t=n,r){if(e===M)return e;let i=r!==void 0?t._$Co?.[r]:t._$Cl,o=Ue(e)?void 0:e._$litDirective$;return i?.constructor!==o&&(i?._$AO?.(!1),o===void 0?i=void 0:(i=new o(n),i._$AT(n,t,r)),r!==void 0?(t._$Co??=[])[r]=i:t._$Cl=i),i!==void 0&&(e=se(n,i._$AS(n,e.values),i,r)),e}var pt=class{constructor(e,t){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=t}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:t},parts:r}=this._$AD,i=(e?.creationScope??ae).importNode(t,!0);oe.currentNode=i;let o=oe.nextNode(),a=0,s=0,l=r[0];for(;l!==void 0;){if(a===l.index){let d;l.type===2?d=new ve(o,o.nextSibling,this,e):l.type===1?d=new l.ctor(o,l.name,l.strings,this,e):l.type===6&&(d=new bt(o,this,e)),this._$AV.push(d),l=r[++s]}a!==l?.index&&(o=oe.nextNode(),a++)}return oe.currentNode=ae,i}p(e){let t=0;for(let r of this._$AV)r!==void 0&&(r.strings!==void 0?(r._$AI(e,r,t),t+=r.strings.length-2):r._$AI(e[t])),t++}},ve=class n{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,t,r,i){this.type=2,this._$AH=c,this._$AN=void 0,this._$AA=e,this._$AB=t,this._$AM=r,this.options=i,this._$Cv=i?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,t=this._$AM;return t!==void 0&&e?.nodeType===11&&(e=t.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,t=this){e=se(this,e,t),Ue(e)?e===c||e==null||e===""?(this._$AH!==c&&this._$AR(),this._$AH=c):e!==this._$AH&&e!==M&&this._(e):e._$litType$!==void 0?this.$(e):e.nodeType!==void 0?this.T(e):wr(e)?this.k(e):this._(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==c&&Ue(this._$AH)?this._$AA.nextSibling.data=e:this.T(ae.createTextNode(e)),this._$AH=e}$(e){let{values:t,_$litType$:r}=e,i=typeof r=="number"?this._$AC(e):(r.el===void 0&&(r.el=Ve.createElement(kr(r.h,r.h[0]),this.options)),r);if(this._$AH?._$AD===i)this._$AH.p(t);else{let o=new pt(i,this),a=o.u(this.options);o.p(t),this.T(a),this._$AH=o}}_$AC(e){let t=yr.get(e.strings);return t===void 0&&yr.set(e.strings,t=new Ve(e)),t}k(e){cn(this._$AH)||(this._$AH=[],this._$AR());let t=this._$AH,r,i=0;for(let o of e)i===t.length?t.push(r=new n(this.O(Be()),this.O(Be()),this,this.options)):r=t[i],r._$AI(o),i++;i<t.length&&(this._$AR(r&&r._$AB.nextSibling,i),t.length=i)}_$AR(e=this._$AA.nextSibling,t){for(this._$AP?.(!1,!0,t);e!==this._$AB;){let r=pr(e).nextSibling;pr(e).remove(),e=r}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},le=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,t,r,i,o){this.type=1,this._$AH=c,this._$AN=void 0,this.element=e,this.name=t,this._$AM=i,this.options=o,r.length>2||r[0]!==""||r[1]!==""?(this._$AH=Array(r.length-1).fill(new String),this.strings=r):this._$AH=c}_$AI(e,t=this,r,i){let o=this.strings,a=!1;if(o===void 0)e=se(this,e,t,0),a=!Ue(e)||e!==this._$AH&&e!==M,a&&(this._$AH=e);else{let s=e,l,d;for(e=o[0],l=0;l<o.length-1;l++)d=se(this,s[r+l],t,l),d===M&&(d=this._$AH[l]),a||=!Ue(d)||d!==this._$AH[l],d===c?e=c:e!==c&&(e+=(d??"")+o[l+1]),this._$AH[l]=d}a&&!i&&this.j(e)}j(e){e===c?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??"")}},gt=class extends le{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===c?void 0:e}},ft=class extends le{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==c)}},_t=class extends le{constructor(e,t,r,i,o){super(e,t,r,i,o),this.type=5}_$AI(e,t=this){if((e=se(this,e,t,0)??c)===M)return;let r=this._$AH,i=e===c&&r!==c||e.capture!==r.capture||e.once!==r.once||e.passive!==r.passive,o=e!==c&&(r===c||i);i&&this.element.removeEventListener(this.name,this,r),o&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH=="function"?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},bt=class{constructor(e,t,r){this.element=e,this.type=6,this._$AN=void 0,this._$AM=t,this.options=r}get _$AU(){return this._$AM._$AU}_$AI(e){se(this,e)}},Tr={M:dn,P:F,A:un,C:1,L:$r,R:pt,D:wr,V:se,I:ve,H:le,N:ft,U:_t,B:gt,F:bt},Ua=ln.litHtmlPolyfillSupport;Ua?.(Ve,ve),(ln.litHtmlVersions??=[]).push("3.3.3");var Sr=(n,e,t)=>{let r=t?.renderBefore??e,i=r._$litPart$;if(i===void 0){let o=t?.renderBefore??null;r._$litPart$=i=new ve(e.insertBefore(Be(),o),o,void 0,t??{})}return i._$AI(n),i};var hn=globalThis,C=class extends W{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){let e=super.createRenderRoot();return this.renderOptions.renderBefore??=e.firstChild,e}update(e){let t=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(e),this._$Do=Sr(t,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return M}};C._$litElement$=!0,C.finalized=!0,hn.litElementHydrateSupport?.({LitElement:C});var Va=hn.litElementPolyfillSupport;Va?.({LitElement:C});(hn.litElementVersions??=[]).push("4.2.2");var Wa={attribute:!0,type:String,converter:je,reflect:!1,hasChanged:mt},Fa=(n=Wa,e,t)=>{let{kind:r,metadata:i}=t,o=globalThis.litPropertyMetadata.get(i);if(o===void 0&&globalThis.litPropertyMetadata.set(i,o=new Map),r==="setter"&&((n=Object.create(n)).wrapped=!0),o.set(t.name,n),r==="accessor"){let{name:a}=t;return{set(s){let l=e.get.call(this);e.set.call(this,s),this.requestUpdate(a,l,n,!0,s)},init(s){return s!==void 0&&this.C(a,void 0,n,s),s}}}if(r==="setter"){let{name:a}=t;return function(s){let l=this[a];e.call(this,s),this.requestUpdate(a,l,n,!0,s)}}throw Error("Unsupported decorator location: "+r)};function w(n){return(e,t)=>typeof t=="object"?Fa(n,e,t):((r,i,o)=>{let a=i.hasOwnProperty(o);return i.constructor.createProperty(o,r),a?Object.getOwnPropertyDescriptor(i,o):void 0})(n,e,t)}function v(n){return w({...n,state:!0,attribute:!1})}var de=(n,e,t)=>(t.configurable=!0,t.enumerable=!0,Reflect.decorate&&typeof e!="object"&&Object.defineProperty(n,e,t),t);function G(n,e){return(t,r,i)=>{let o=a=>a.renderRoot?.querySelector(n)??null;if(e){let{get:a,set:s}=typeof r=="object"?t:i??(()=>{let l=Symbol();return{get(){return this[l]},set(d){this[l]=d}}})();return de(t,r,{get(){let l=a.call(this);return l===void 0&&(l=o(this),(l!==null||this.hasUpdated)&&s.call(this,l)),l}})}return de(t,r,{get(){return o(this)}})}}var pn=class{constructor(e,t){this.connection=e;this.device=t;this.listeners=new Set;this.attempt=0;this.onReconnect=()=>{clearTimeout(this.retry),this.unsubscribe=void 0,this.subscribe()}}add(e){this.listeners.add(e),this.data!==void 0&&e.onData(this.data),this.error!==void 0&&e.onError(this.error),!(this.listeners.size>1)&&(this.connection.addEventListener("ready",this.onReconnect),this.subscribe())}remove(e){return this.listeners.delete(e),this.listeners.size>0?!1:(this.connection.removeEventListener("ready",this.onReconnect),this.stop(),!0)}async subscribe(){let e=++this.attempt,t={type:"limber/subscribe",device_id:this.device};try{let r=await this.connection.subscribeMessage(i=>this.receive(i,e),t,{resubscribe:!1});e===this.attempt?this.unsubscribe=r:await r()}catch(r){e===this.attempt&&this.fail(bn(r))}}receive(e,t){if(t===this.attempt){if("ended"in e){this.stop(),this.fail({code:"not_found",message:""});return}this.data=e,this.error=void 0;for(let r of[...this.listeners])r.onData(e)}}fail(e){this.error=e;for(let t of[...this.listeners])t.onError(e);this.retry=setTimeout(()=>{this.subscribe()},5e3)}stop(){this.attempt++,clearTimeout(this.retry);let{unsubscribe:e}=this;this.unsubscribe=void 0,e?.().catch(()=>{})}},gn=class{constructor(){this.subscriptions=new Map;this.nights=new Map;this.trends=new Map}},Nr=new WeakMap;function _n(n){let e=Nr.get(n);if(e!==void 0)return e;let t=new gn;return Nr.set(n,t),t}function Mr(n,e,t){let{subscriptions:r}=_n(n),i=r.get(e)??new pn(n,e);return r.set(e,i),i.add(t),()=>{i.remove(t)&&r.delete(e)}}function We(n,e){let t={type:"limber/night",device_id:e.device,...e.night===void 0?{}:{night:e.night},...e.live===void 0?{}:{live:e.live}},r=()=>n.callWS({...t,language:n.locale.language});if(e.live===!0)return fn(n,r);let{nights:i}=_n(n.connection),o=JSON.stringify([t,e.revision,n.locale.language]);return Ar(i,o,14,()=>fn(n,r))}function Er(n,e,t,r){let{trends:i}=_n(n.connection),o=JSON.stringify([e,t,r]);return Ar(i,o,14,()=>fn(n,()=>n.callWS({type:"limber/nights",device_id:e,last:t})))}function ue(n){return n===void 0?"":`${n.revision} ${n.online}`}async function fn(n,e){try{return await e()}catch(t){throw await Fe(n,t)}}function Ar(n,e,t,r){let i=n.get(e),o=i??r();n.delete(e),n.set(e,o);for(let a of n.keys()){if(n.size<=t)break;n.delete(a)}return i===void 0&&o.catch(()=>n.delete(e)),o}function bn(n){if(typeof n=="object"&&n!==null&&"error"in n)return bn(n.error);if(typeof n=="object"&&n!==null&&"code"in n){let{code:t,message:r}=n;return{code:String(t),message:String(r??""),...Ga(n)}}let e=typeof n=="object"&&n!==null&&"message"in n;return{code:"unknown",message:String(e?n.message:n)}}async function Fe(n,e){let t=bn(e),{translation:r}=t;if(r===void 0)return t;let{domain:i,key:o,placeholders:a}=r;try{let l=(await n.loadBackendTranslation("exceptions",i))(`component.${i}.exceptions.${o}.message`,a);return l===""?t:{...t,message:l}}catch{return t}}function Ga(n){let{translation_domain:e,translation_key:t,translation_placeholders:r}=n;if(typeof e!="string"||typeof t!="string")return{};let i=Object.entries(r??{}).map(([o,a])=>[o,String(a)]);return{translation:{domain:e,key:t,placeholders:Object.fromEntries(i)}}}var Cr="limber";function vn(n){return Object.values(n).flatMap(t=>yn(t)??[]).sort((t,r)=>t.name.localeCompare(r.name))}function ce(n,e){if(e!==void 0){let i=n[e],o=i===void 0?void 0:yn(i);return o===void 0?{problem:"unknown_sleeper"}:{sleeper:o}}let[t,...r]=vn(n);return t===void 0?{problem:"no_sleepers"}:r.length>0?{problem:"choose_sleeper"}:{sleeper:t}}function zr(n,e){let t=new Map;for(let r of Object.values(n.entities))r.device_id===e&&Ka(r)&&t.set(ye(r),r.entity_id);return t}function ye(n){let[e=""]=n.entity_id.split(".");return`${e}.${n.translation_key??""}`}function Lr(n,e){let t=n.entities[e],r=t?.device_id;if(t===void 0||r===void 0||r===null)return;let i=n.devices[r];if(!(i===void 0||yn(i)===void 0))return{device:r,key:ye(t)}}function yn(n){if(!n.disabled_by)for(let[e,t=""]of n.identifiers){let[r="",i,o=""]=t.split("/");if(e===Cr&&i==="sleeper"){let a=n.name_by_user||n.name||t;return{device:n.id,name:a,bridge:r,id:o}}}}function Ka(n){return n.platform===Cr&&!n.hidden&&n.translation_key!==void 0}var Rr={common:{loading:"Wird geladen …",offline:"Die Bridge ist offline. Zu sehen ist, was sie zuletzt gesendet hat.",no_sleepers:"In der Konfiguration der Bridge ist noch keine Person eingetragen.",choose_sleeper:"Es werden mehrere Personen überwacht: Wähle in den Einstellungen dieser Karte eine aus.",unknown_sleeper:"Die gewählte Person gibt es nicht mehr: Wähle in den Einstellungen dieser Karte eine andere.",config_device:"„device“ muss die ID des Geräts einer Person sein.",error_not_found:"Limber ist für diese Person nicht eingerichtet oder startet noch.",error_unavailable:"Die Bridge ist offline, und hierzu ist nichts gespeichert.",error_unauthorized:"Du darfst die Daten dieser Person nicht sehen. Bitte jemanden mit Administratorrechten um Zugriff.",error_unknown_command:"Limber wurde aktualisiert. Starte Home Assistant neu, um das Update abzuschließen.",retry:"Erneut versuchen",minutes:"{minutes} min",hours_minutes:"{hours} h {minutes} min",left:"Links",right:"Rechts",both:"Beide Beine",stretching:"Dehnen",magnesium:"Magnesium",alcohol:"Alkohol",caffeine:"Koffein",exercise:"Sport",warm_bath:"Warmes Bad",water:"Wasser",medicine:"Medikament",other:"Etwas anderes",error_no_night:"Diese Nacht gibt es nicht."},night:{card_name:"Limber: Nacht",card_description:"Eine Nacht als Zeitleiste: jede Beinbewegung, Serien, Krämpfe und Schlaf",heading:"{name}: Nacht",tonight:"Heute Nacht",previous:"Vorige Nacht",next:"Nächste Nacht",zoom_in:"Vergrößern",zoom_out:"Verkleinern",zoom_all:"Ganze Nacht zeigen",no_night:"Noch ist keine Nacht aufgezeichnet. Die erste erscheint hier, sobald du aufgestanden bist.",not_tonight:"Heute Nacht wurde noch nichts gemessen.",no_such_night:"Diese Nacht gibt es nicht.",not_measured:"In dieser Nacht wurde nichts gemessen.",events_deleted:"Die einzelnen Bewegungen dieser Nacht wurden gelöscht, um auf der Bridge Platz zu schaffen. Ihre Zahlen bleiben erhalten.",unknown:"nicht gemessen",fact_movements:"Beinbewegungen",fact_plm_index:"Periodische pro Stunde",fact_cramps:"Krämpfe",lane_left:"Linkes Bein",lane_right:"Rechtes Bein",lane_unknown:"Beine",side_left:"Linkes Bein",side_right:"Rechtes Bein",side_both:"Beide Beine",side_unknown:"Beinbewegung",grade_1:"leicht",grade_2:"mittel",grade_3:"stark",single:"in keiner Serie",not_periodic:"zählt nicht als periodisch",in_series_one:"in einer Serie von {count} Bewegung",in_series_other:"in einer Serie von {count} Bewegungen",movements_one:"{count} Bewegung",movements_other:"{count} Bewegungen",interval:"{interval} nach der vorigen",every:"im Mittel alle {interval} eine",gap_missed:"Bewegungen können fehlen",seconds:"{seconds} s",state_asleep:"Schlaf (geschätzt)",state_awake:"Wach im Bett (geschätzt)",state_in_bed:"Im Bett",state_out:"Nicht im Bett",state_unknown:"Nichts erkannt",cramp_possible:"Möglicher Krampf",cramp_probable:"Wahrscheinlicher Krampf",cramp_reported:"Von dir gemeldeter Krampf",cramp_confirmed:"Krampf",cramp_yes:"du hast den Krampf bestätigt",cramp_no:"laut dir kein Krampf",hint:"Zeige oder tippe auf eine Markierung, um zu sehen, was sie ist.",hint_keys:"Die Pfeiltasten links und rechts führen von Markierung zu Markierung, Bild auf und Bild ab zum nächsten Krampf oder Aufwachen, zur nächsten Serie oder Lücke. Plus und Minus vergrößern und verkleinern, Umschalt mit Pfeil verschiebt den Ausschnitt, 0 zeigt die ganze Nacht.",timeline:"Zeitleiste von {start} bis {end}",legend:"Legende",legend_movement:"Beinbewegung: je länger der Balken, desto stärker",legend_single:"Blasser: in keiner Serie",legend_both:"Beide Beine zugleich",legend_series:"Periodische Serie",legend_periodic:"Periodische Serie: Bewegungen in regelmäßigem Abstand",legend_cramp:"Krampf",legend_denied:"Laut dir kein Krampf",legend_awakening:"Plötzliches Aufwachen",legend_factor:"Von dir notiert",legend_position:"Lagewechsel",legend_now:"Jetzt",legend_in_bed:"Im Bett",legend_asleep:"Schlaf (geschätzt)",legend_gap:"Nicht gemessen",logged:"Notiert",before:"{duration} vor dem Zubettgehen",diary:"Tagebuch",diary_evening:"Beschwerden am Abend: {value} von 10",diary_quality:"Schlafqualität: {value} von 10",diary_cramp:"Krampf: ja",diary_pain:"Krampf: ja, Schmerz {value} von 10",diary_no_cramp:"Krampf: nein",histogram:"Zeit von einer Bewegung zur nächsten",histogram_axis:"Sekunden",histogram_shaded:"10 bis 90 s",histogram_text:"{share} der {intervals} Abstände sind 10 bis 90 Sekunden lang (hinterlegt). Vier oder mehr Bewegungen nacheinander in solchen Abständen sind eine periodische Serie. Abstände, in denen etwas nicht gemessen wurde, sind weggelassen.",histogram_none:"Es gab zu wenige Bewegungen, um ihre Abstände zu zeigen.",histogram_bin:"{from} bis {to} s: {count}",hours:"Bewegungen pro Stunde",hours_series:"in einer Serie",hours_other:"andere",hour:"{range}: {movements}, davon in einer Serie: {periodic}",hour_unknown:"{range}: nicht gemessen",hour_partly:"{minutes} min gemessen",table:"Krämpfe, Serien und Lücken dieser Nacht",table_when:"Wann",table_what:"Was",table_details:"Einzelheiten",config_night:"„night“ muss „last“ oder „tonight“ sein.",config_hide:"„hide“ muss eine Liste aus „summary“, „hours“ und „histogram“ sein."},trend:{card_name:"Limber: Verlauf",card_description:"Eine Woche bis ein Jahr: was für dich üblich ist, was du notiert hast und die Stunden der Nacht",heading:"{name}: Verlauf",measure:"Messwert",range:"Zeitraum",slider:"Nächte der Reihe nach",plm_index:"Periodische Bewegungen pro Stunde",plms_index:"Periodische Bewegungen pro Stunde Schlaf",movement_index:"Beinbewegungen pro Stunde",movements:"Beinbewegungen pro Nacht",sleep_h:"Schlaf (geschätzt)",time_in_bed_h:"Zeit im Bett",per_hour:"{value} pro Stunde",plain:"{value}",nights_7:"1 Woche",nights_30:"30 Nächte",nights_90:"3 Monate",nights_365:"1 Jahr",short_7:"7 T",short_30:"30 T",short_90:"3 M",short_365:"1 J",last_week:"Median der letzten 7 Nächte",less_than_usual:"Weniger als sonst",as_usual:"Wie sonst",more_than_usual:"Mehr als sonst",usual:"Üblich: {median} (die Hälfte der Nächte: {low} bis {high})",usual_unknown:"Für einen Vergleich mit dem Üblichen sind es noch zu wenige Nächte.",too_few:"Von den letzten 7 Nächten wurden weniger als 3 gemessen: zu wenige für einen Vergleich.",summary:"{measure}: {measured} von {nights} Nächten wurden gemessen.",summary_week:"Der Median der letzten 7 Nächte ist {value}.",summary_cramps:"Krämpfe in diesem Zeitraum: {cramps}.",dates:"{from} bis {to}",not_measured:"nicht gemessen",no_value:"dieser Messwert ist unbekannt",median:"Median {value}",coverage:"{measured} von {nights} Nächten gemessen",no_cramps:"keine Krämpfe",cramps_one:"{count} Krampf",cramps_other:"{count} Krämpfe",evening_rating:"Beschwerden am Abend {value} von 10",quality_rating:"Schlafqualität {value} von 10",trial:"Selbstversuch: {factor}",lane_cramps:"Krämpfe",more_factors:"Außerdem notiert: {factors}.",evening:"Beschwerden am Abend",quality:"Schlafqualität",heat:"Bewegungen in jeder Stunde der Nacht",key_night:"eine Nacht",key_week:"Median einer Woche, mit der mittleren Hälfte ihrer Nächte",key_usual:"üblich für dich: Median und mittlere Hälfte der 30 Nächte davor",key_unmeasured:"nicht gemessen",open:"Nacht anzeigen",open_date:"Nacht anzeigen: {date}",close:"Schließen",kept_back:"Was du für den Selbstversuch notierst, erscheint hier erst nach dessen Ende.",no_nights:"Es wurde noch keine Nacht aufgezeichnet. Der Verlauf beginnt mit der ersten.",nothing_measured:"Von diesen Nächten wurde noch keine gemessen.",config_nights:"„nights“ muss 7, 30, 90 oder 365 sein.",config_measure:"„measure“ muss einer dieser Werte sein: {measures}.",config_hide:"„hide“ muss eine Liste aus „cramps“, „factors“, „diary“ und „hours“ sein.",usual_short:"üblich {median} ({low} bis {high})"},tonight:{card_name:"Limber: heute Nacht",card_description:"Was gerade passiert, und die Sensoren",heading:"{name} heute Nacht",cramp:"Krampf seit {time}",cramp_help:"Strecke das Bein und zieh die Zehen zum Schienbein.",paused:"Die Messung ist pausiert",series:"Periodische Serie seit {time}",asleep:"Schläft",awake:"Im Bett, wach",in_bed:"Im Bett",out_of_bed:"Nicht im Bett",not_connected:"Es ist kein Sensor verbunden",unknown:"Noch unbekannt, ob jemand im Bett liegt",movements:"Beinbewegungen",plm:"Periodisch",plm_index:"Periodisch pro Stunde",cramps:"Krämpfe",not_measured:"Nicht gemessen",since:"Im Bett seit {time}",last_night:"Letzte Nacht: {movements} Beinbewegungen, {index} periodische pro Stunde",last_night_movements:"Letzte Nacht: {movements} Beinbewegungen",sensors:"Sensoren",pause:"Messung pausieren",resume:"Messung fortsetzen",battery:"Batterie {percent}",battery_low:"Batterie schwach: {percent}",sensor_ok:"Verbunden",sensor_off:"Keine Verbindung",sensor_problem:"Sensor prüfen",sensor_not_worn:"Nicht getragen",sensor_strap_loose:"Band sitzt locker",left_ankle:"Linker Knöchel",right_ankle:"Rechter Knöchel",ankle:"Knöchel",left_tibialis:"Linkes Schienbein",right_tibialis:"Rechtes Schienbein",tibialis:"Schienbein",left_calf:"Linke Wade",right_calf:"Rechte Wade",calf:"Wade",bed:"Bett",compact_count_one:"{count} Bewegung",compact_count_other:"{count} Bewegungen",config_compact:"„compact“ muss true oder false sein.",log:"Notieren",log_new:"{factor} notieren",log_again:"{factor}, {time}. Noch einmal notieren",logged:"Notiert: {factor}, {time}",log_tried:"{factor} gehört zu deinem Selbstversuch. Die Karte „Was hilft“ fragt, ob du es getan hast.",config_log:"„log“ muss eine Liste aus diesen Werten sein: {factors}."},helps:{card_name:"Limber: was hilft",card_description:"Dein Selbstversuch, dein Tagebuch und die Nächte mit und ohne das, was du notiert hast",heading:"{name}: was hilft",plm_index:"Periodische Bewegungen pro Stunde",movement_index:"Beinbewegungen pro Stunde",cramp:"Nächte mit Krampf",sleep_h:"Schlaf (geschätzt)",evening_symptoms:"Beschwerden am Abend",sleep_quality:"Schlafqualität",plm_index_lower:"etwa {value} weniger periodische Bewegungen pro Stunde",plm_index_higher:"etwa {value} mehr periodische Bewegungen pro Stunde",movement_index_lower:"etwa {value} weniger Beinbewegungen pro Stunde",movement_index_higher:"etwa {value} mehr Beinbewegungen pro Stunde",cramp_lower:"von 100 Nächten etwa {value} weniger mit Krampf",cramp_higher:"von 100 Nächten etwa {value} mehr mit Krampf",sleep_h_lower:"etwa {value} weniger Schlaf",sleep_h_higher:"etwa {value} mehr Schlaf",evening_symptoms_lower:"Beschwerden am Abend um etwa {value} von 10 Punkten geringer",evening_symptoms_higher:"Beschwerden am Abend um etwa {value} von 10 Punkten stärker",sleep_quality_lower:"Schlafqualität um etwa {value} von 10 Punkten schlechter",sleep_quality_higher:"Schlafqualität um etwa {value} von 10 Punkten besser",effects:"Nächte mit und ohne",outcome:"Was verglichen wird",likely_helps:"Hilft wahrscheinlich",one_likely_helps:"Hilft wahrscheinlich: dies, oder was in denselben Nächten notiert wurde",nights_worse:"Schlechtere Nächte damit",no_difference:"Kein Unterschied erkennbar",too_few_periods:"In zu wenigen Zeiträumen notiert",trial_running:"Selbstversuch läuft",early_both_one:"Noch zu früh: etwa {count} Nacht mit und {without} ohne fehlen",early_both_other:"Noch zu früh: etwa {count} Nächte mit und {without} ohne fehlen",early_with_one:"Noch zu früh: etwa {count} Nacht damit fehlt",early_with_other:"Noch zu früh: etwa {count} Nächte damit fehlen",early_without_one:"Noch zu früh: etwa {count} Nacht ohne fehlt",early_without_other:"Noch zu früh: etwa {count} Nächte ohne fehlen",early:"Noch zu früh",on_nights:"In Nächten damit: {change}.",no_difference_detail:"Es sind genug Nächte, und sie unterscheiden sich zu wenig, um eine Rolle zu spielen.",too_few_periods_detail:"Es wurde nur in einem oder zwei Zeiträumen notiert. Was sich damals sonst geändert hat, kann der Grund sein.",trial_running_detail:"Der Vergleich erscheint wieder, wenn der Selbstversuch zu Ende ist.",interval:"{level}-%-Intervall: {low} bis {high}",nights:"Nächte mit / ohne: {with} / {without}",together:"Meist in denselben Nächten notiert: {factors}. Was davon den Ausschlag gibt, lässt sich nicht erkennen.",less_with:"weniger damit",more_with:"mehr damit",observed_note:"Diese Nächte wurden nicht ausgelost; ein Unterschied sagt deshalb nichts über seine Ursache: Vielleicht nimmst du ein Bad gerade dann, wenn der Abend schlecht ist. Von zehn Dingen, die nichts bewirken, zeigt etwa eines durch Zufall einen Unterschied. Ein Selbstversuch zeigt mehr.",trial_title:"Selbstversuch: {factor}",plan_with:"Heute Nacht mit: {factor}",plan_without:"Heute Nacht ohne: {factor}",plan_washout:"Heute Nacht ohne: {factor}. Erst soll die Wirkung der letzten Nächte abklingen.",plan_later:"Der Selbstversuch beginnt mit der Nacht von {from} auf {to}.",trial_question:"{factor}: Hast du es in der Nacht von {from} auf {to} gemacht?",yes:"Ja",no:"Nein",trial_night:"Nacht {night} von {nights}",trial_answered:"beantwortet: {count}",trial_note:"Ergebnisse gibt es erst am Ende. Wer sie früher kennt, schläft und antwortet vielleicht anders.",stop:"Selbstversuch abbrechen",stop_title:"Selbstversuch abbrechen?",stop_text:"Der Selbstversuch endet endgültig. Ausgewertet werden die bisherigen Nächte; vielleicht sind es zu wenige. Ein neuer Selbstversuch bekommt einen neuen Plan.",results:"Ergebnisse deiner Selbstversuche",trial_helped:"Hat wahrscheinlich geholfen",trial_worse:"Hat es wahrscheinlich verschlechtert",trial_better_stopped:"Bessere Nächte damit, aber kein Beleg",trial_worse_stopped:"Schlechtere Nächte damit, aber kein Beleg",trial_no_difference:"Kein Unterschied gefunden",trial_too_few:"Zu wenige Nächte",trial_no_result:"Kein Ergebnis",trial_no_difference_detail:"Die Nächte damit waren nicht deutlich besser oder schlechter als die anderen.",trial_too_few_detail:"Für einen Vergleich wurden zu wenige Nächte gemessen.",trial_dates:"{from} bis {to} · {outcome}",trial_stopped:"{from} bis {to}, vorzeitig abgebrochen · {outcome}",figures:"Zahlen",trial_effect:"Effekt: {effect}",trial_p:"p = {p} (einseitig, Randomisierungstest)",trial_early_look:"Nach der Zwischenauswertung beendet.",figures_note:"Verglichen nach dem ausgelosten Plan, egal was getan wurde. p: wie oft ein ausgeloster Plan mindestens diesen Effekt zeigen würde, wenn es nichts bewirkt. Das Ergebnis einer Person gilt nur für sie.",try:"Etwas ausprobieren",try_intro:"Teste, ob dir etwas hilft: Limber lost aus, in welchen Nächten du es machst und in welchen nicht, und vergleicht sie am Ende.",try_button:"Etwas ausprobieren …",form_intro:"Der Plan beginnt spätestens morgen und sagt dir jeden Abend, was zu tun ist. Jeden Morgen gibst du an, ob du es gemacht hast. Für ein Ergebnis müssen die meisten Nächte gemessen sein.",form_factor:"Was du ausprobierst",form_name:"Was ist es?",form_weeks:"Wie lange",form_outcome:"Worauf du achtest",form_medicine:"Setze für einen Selbstversuch nie ein verordnetes Medikament ab, lass es nicht aus und beginne keines, ohne vorher ärztlichen Rat einzuholen.",form_early_look:"Zur Halbzeit einmal auswerten und bei klarem Ergebnis früher beenden",weeks_one:"{count} Woche",weeks_other:"{count} Wochen",start:"Selbstversuch beginnen",cancel:"Abbrechen",start_title:"Diesen Selbstversuch beginnen?",start_text:"{factor}, {weeks}. Beobachtet: {outcome}. Es kann nur ein Selbstversuch laufen, und sein Plan lässt sich nicht ändern.",diary:"Tagebuch",ask_this_evening:"Wie unruhig sind deine Beine heute Abend?",ask_last_evening:"Wie unruhig waren deine Beine gestern Abend?",no_symptoms:"0: gar nicht",worst_symptoms:"10: unerträglich",ask_sleep:"Wie gut hast du geschlafen? ({date})",slept_badly:"0: sehr schlecht",slept_well:"10: sehr gut",ask_cramp:"Hattest du in dieser Nacht einen Krampf?",ask_pain:"Wie schmerzhaft war der Krampf?",no_pain:"0: kein Schmerz",worst_pain:"10: stärkster Schmerz",nothing_logged:"Noch gibt es nichts zu vergleichen. Notiere, was du vor dem Schlafengehen tust, mit der Aktion „Faktor notieren“, in einer Automation oder per Sprache: Diese Karte vergleicht dann die Nächte mit und ohne.",bridge_too_old:"Aktualisiere die Bridge, um Nächte mit und ohne das Notierte zu vergleichen.",failed:"Das hat nicht geklappt: {reason}",config_outcome:"„outcome“ muss einer dieser Werte sein: {outcomes}.",config_hide:"„hide“ muss eine Liste aus „trial“, „diary“ und „effects“ sein."},strategy:{name:"Limber",description:"Heute Nacht, letzte Nacht, Verlauf, was hilft und Sensoren, für alle, bei denen Limber misst",tonight:"Heute Nacht",last_night:"Letzte Nacht",trend:"Verlauf",helps:"Was hilft",sensors:"Sensoren",no_sleepers:"Noch ist keine Person eingerichtet. Richte unter **Einstellungen > Geräte & Dienste** eine Bridge ein und füge ihrer Konfiguration eine Person hinzu.",caution:"Limber zeigt Tendenzen und ist kein Medizinprodukt. Hole ärztlichen Rat ein, wenn Bewegungen oder Krämpfe häufig sind, schmerzen oder deinen Schlaf stören."},editor:{device:"Person",title:"Überschrift",title_help:"Leer lassen für die übliche.",night:"Zuerst gezeigte Nacht",night_last:"Letzte Nacht",night_tonight:"Heute Nacht",hide:"Ausgeblendete Teile",hide_histogram:"Zeit von einer Bewegung zur nächsten",hide_hours:"Bewegungen pro Stunde",nights:"Zeitraum am Anfang",nights_7:"1 Woche",nights_30:"30 Nächte",nights_90:"3 Monate",nights_365:"1 Jahr",measure:"Messwert am Anfang",measure_plm_index:"Periodische Bewegungen pro Stunde",measure_plms_index:"Periodische Bewegungen pro Stunde Schlaf",measure_movement_index:"Beinbewegungen pro Stunde",measure_movements:"Beinbewegungen pro Nacht",measure_sleep_h:"Schlaf (geschätzt)",measure_time_in_bed_h:"Zeit im Bett",hide_cramps:"Krämpfe",hide_factors:"Notiertes",hide_diary:"Tagebuch",hide_trial:"Selbstversuch",hide_effects:"Nächte mit und ohne",hide_summary:"Die Nacht in Worten",outcome:"Zuerst verglichen",outcome_plm_index:"Periodische Bewegungen pro Stunde",outcome_movement_index:"Beinbewegungen pro Stunde",outcome_cramp:"Nächte mit Krampf",outcome_sleep_h:"Schlaf (geschätzt)",outcome_evening_symptoms:"Beschwerden am Abend",outcome_sleep_quality:"Schlafqualität",compact:"Kompakt",compact_help:"Nur was gerade passiert und die Anzahl, in einer Zeile.",log:"Schaltflächen zum Notieren",log_help:"Was du vor dem Schlafengehen tust oder einnimmst. Für jede Auswahl gibt es eine Schaltfläche."}};var we={common:{loading:"Loading…",offline:"The bridge is offline. This is what it sent last.",no_sleepers:"No sleeper is set up yet. Add a sleeper to the configuration of the bridge.",choose_sleeper:"There are several sleepers: choose one in the settings of this card.",unknown_sleeper:"The chosen sleeper does not exist any more: choose another one in the settings of this card.",config_device:"“device” must be the ID of a sleeper's device.",error_not_found:"Limber is not set up for this sleeper, or is still starting.",error_unavailable:"The bridge is offline, and nothing is stored about this.",error_unauthorized:"You may not see this sleeper. Ask an administrator for access.",error_unknown_command:"Limber was updated. Restart Home Assistant to finish the update.",retry:"Try again",minutes:"{minutes} min",hours_minutes:"{hours} h {minutes} min",left:"Left",right:"Right",both:"Both legs",stretching:"Stretching",magnesium:"Magnesium",alcohol:"Alcohol",caffeine:"Caffeine",exercise:"Exercise",warm_bath:"Warm bath",water:"Water",medicine:"Medicine",other:"Something else",error_no_night:"There is no such night."},night:{card_name:"Limber: night",card_description:"One night as a timeline: every leg movement, series, cramps and sleep",heading:"{name}: night",tonight:"Tonight",previous:"Previous night",next:"Next night",zoom_in:"Zoom in",zoom_out:"Zoom out",zoom_all:"Show the whole night",no_night:"No night has been recorded yet. The first one appears here after you have got up.",not_tonight:"Nothing has been measured tonight yet.",no_such_night:"There is no such night.",not_measured:"Nothing was measured on this night.",events_deleted:"The single movements of this night were deleted to free space on the bridge. Its figures are kept.",unknown:"not measured",fact_movements:"Leg movements",fact_plm_index:"Periodic per hour",fact_cramps:"Cramps",lane_left:"Left leg",lane_right:"Right leg",lane_unknown:"Legs",side_left:"Left leg",side_right:"Right leg",side_both:"Both legs",side_unknown:"Leg movement",grade_1:"mild",grade_2:"moderate",grade_3:"strong",single:"not in a series",not_periodic:"does not count as periodic",in_series_one:"in a series of {count} movement",in_series_other:"in a series of {count} movements",movements_one:"{count} movement",movements_other:"{count} movements",interval:"{interval} after the one before",every:"one every {interval} on average",gap_missed:"movements may have been missed",seconds:"{seconds} s",state_asleep:"Asleep (estimated)",state_awake:"Awake in bed (estimated)",state_in_bed:"In bed",state_out:"Not in bed",state_unknown:"Nothing detected",cramp_possible:"Possible cramp",cramp_probable:"Probable cramp",cramp_reported:"Cramp that you reported",cramp_confirmed:"Cramp",cramp_yes:"you said that it was a cramp",cramp_no:"you said that it was not a cramp",hint:"Point at a mark, or tap it, to see what it is.",hint_keys:"Left and right arrows go from mark to mark, Page Up and Page Down to the next cramp, awakening, series or gap. Plus and minus zoom, Shift with an arrow moves the view, 0 shows the whole night.",timeline:"Timeline from {start} to {end}",legend:"Legend",legend_movement:"Leg movement: the longer the bar, the stronger",legend_single:"Paler: not in a series",legend_both:"Both legs at once",legend_series:"Periodic series",legend_periodic:"Periodic series: movements at regular intervals",legend_cramp:"Cramp",legend_denied:"You said: not a cramp",legend_awakening:"Sudden awakening",legend_factor:"Logged by you",legend_position:"Change of position",legend_now:"Now",legend_in_bed:"In bed",legend_asleep:"Asleep (estimated)",legend_gap:"Not measured",logged:"Logged",before:"{duration} before bed",diary:"Diary",diary_evening:"Evening symptoms: {value} of 10",diary_quality:"Sleep quality: {value} of 10",diary_cramp:"Cramp: yes",diary_pain:"Cramp: yes, pain {value} of 10",diary_no_cramp:"Cramp: no",histogram:"Time from one movement to the next",histogram_axis:"seconds",histogram_shaded:"10 to 90 s",histogram_text:"{share} of the {intervals} intervals are 10 to 90 seconds long (shaded). Four or more movements in a row at such intervals are a periodic series. Intervals in which something was not measured are left out.",histogram_none:"There were too few movements to show how far apart they are.",histogram_bin:"{from} to {to} s: {count}",hours:"Movements per hour",hours_series:"in a series",hours_other:"other",hour:"{range}: {movements}, of these in a series: {periodic}",hour_unknown:"{range}: not measured",hour_partly:"measured for {minutes} min",table:"Cramps, series and gaps of this night",table_when:"When",table_what:"What",table_details:"Details",config_night:"“night” must be “last” or “tonight”.",config_hide:"“hide” must be a list of “summary”, “hours” and “histogram”."},trend:{card_name:"Limber: trend",card_description:"A week to a year of nights: what is usual, what was logged, and the hours of the night",heading:"{name}: trend",measure:"Measure",range:"Period",slider:"Nights, one after the other",plm_index:"Periodic movements per hour",plms_index:"Periodic movements per hour of sleep",movement_index:"Leg movements per hour",movements:"Leg movements per night",sleep_h:"Sleep (estimated)",time_in_bed_h:"Time in bed",per_hour:"{value} per hour",plain:"{value}",nights_7:"1 week",nights_30:"30 nights",nights_90:"3 months",nights_365:"1 year",short_7:"7 d",short_30:"30 d",short_90:"3 m",short_365:"1 y",last_week:"Median of the last 7 nights",less_than_usual:"Less than usual",as_usual:"As usual",more_than_usual:"More than usual",usual:"Usual: {median} (half of the nights: {low} to {high})",usual_unknown:"There are not enough nights yet to say what is usual.",too_few:"Fewer than 3 of the last 7 nights were measured: too few to compare them.",summary:"{measure}: {measured} of {nights} nights were measured.",summary_week:"The median of the last 7 nights is {value}.",summary_cramps:"Cramps in this period: {cramps}.",dates:"{from} to {to}",not_measured:"not measured",no_value:"this measure is unknown",median:"median {value}",coverage:"{measured} of {nights} nights measured",no_cramps:"no cramps",cramps_one:"{count} cramp",cramps_other:"{count} cramps",evening_rating:"evening symptoms {value} of 10",quality_rating:"sleep quality {value} of 10",trial:"Trial: {factor}",lane_cramps:"Cramps",more_factors:"Also logged: {factors}.",evening:"Evening symptoms",quality:"Sleep quality",heat:"Movements in each hour of the night",key_night:"one night",key_week:"median of a week, with the middle half of its nights",key_usual:"usual: median and middle half of the 30 nights before",key_unmeasured:"not measured",open:"Show this night",open_date:"Show the night of {date}",close:"Close",kept_back:"What you log for the trial is not shown here until the trial has ended.",no_nights:"No night has been recorded yet. The trend begins with the first one.",nothing_measured:"None of these nights has been measured yet.",config_nights:"“nights” must be 7, 30, 90 or 365.",config_measure:"“measure” must be one of {measures}.",config_hide:"“hide” must be a list of “cramps”, “factors”, “diary” and “hours”.",usual_short:"usual {median} ({low} to {high})"},tonight:{card_name:"Limber: tonight",card_description:"What is going on now, and the sensors",heading:"{name} tonight",cramp:"Cramp since {time}",cramp_help:"Straighten your leg and pull your toes toward your shin.",paused:"Measuring is paused",series:"Periodic series since {time}",asleep:"Asleep",awake:"In bed, awake",in_bed:"In bed",out_of_bed:"Out of bed",not_connected:"No sensor is connected",unknown:"It is not known yet whether you are in bed",movements:"Leg movements",plm:"Periodic",plm_index:"Periodic per hour",cramps:"Cramps",not_measured:"Not measured",since:"In bed since {time}",last_night:"Last night: {movements} leg movements, {index} periodic per hour",last_night_movements:"Last night: {movements} leg movements",sensors:"Sensors",pause:"Pause measuring",resume:"Resume measuring",battery:"Battery {percent}",battery_low:"Battery low: {percent}",sensor_ok:"Connected",sensor_off:"No connection",sensor_problem:"Check the sensor",sensor_not_worn:"Not worn",sensor_strap_loose:"Strap loose",left_ankle:"Left ankle",right_ankle:"Right ankle",ankle:"Ankle",left_tibialis:"Left tibialis",right_tibialis:"Right tibialis",tibialis:"Tibialis",left_calf:"Left calf",right_calf:"Right calf",calf:"Calf",bed:"Bed",compact_count_one:"{count} movement",compact_count_other:"{count} movements",config_compact:"“compact” must be true or false.",log:"Log",log_new:"Log: {factor}",log_again:"{factor}, {time}. Log again",logged:"Logged: {factor}, {time}",log_tried:"{factor} is part of your trial. The card “What helps” asks whether you did it.",config_log:"“log” must be a list of these values: {factors}."},helps:{card_name:"Limber: what helps",card_description:"Your personal trial, your diary, and nights with and without what you logged",heading:"{name}: what helps",plm_index:"Periodic movements per hour",movement_index:"Leg movements per hour",cramp:"Nights with a cramp",sleep_h:"Sleep (estimated)",evening_symptoms:"Evening symptoms",sleep_quality:"Sleep quality",plm_index_lower:"about {value} fewer periodic movements per hour",plm_index_higher:"about {value} more periodic movements per hour",movement_index_lower:"about {value} fewer leg movements per hour",movement_index_higher:"about {value} more leg movements per hour",cramp_lower:"out of 100 nights, about {value} fewer with a cramp",cramp_higher:"out of 100 nights, about {value} more with a cramp",sleep_h_lower:"about {value} less sleep",sleep_h_higher:"about {value} more sleep",evening_symptoms_lower:"evening symptoms lower by about {value} of 10",evening_symptoms_higher:"evening symptoms higher by about {value} of 10",sleep_quality_lower:"sleep quality lower by about {value} of 10",sleep_quality_higher:"sleep quality higher by about {value} of 10",effects:"Nights with and without",outcome:"What is compared",likely_helps:"Likely helps",one_likely_helps:"Likely helps: this, or what came with it",nights_worse:"Worse nights with it",no_difference:"No difference seen",too_few_periods:"Logged in too few periods",trial_running:"Trial is running",early_both_one:"Too early: about {count} more night with and {without} without",early_both_other:"Too early: about {count} more nights with and {without} without",early_with_one:"Too early: about {count} more night with it",early_with_other:"Too early: about {count} more nights with it",early_without_one:"Too early: about {count} more night without it",early_without_other:"Too early: about {count} more nights without it",early:"Too early to say",on_nights:"On nights with it: {change}.",no_difference_detail:"There are enough nights, and they differ too little to matter.",too_few_periods_detail:"It was logged in one or two periods only. Whatever else changed then may be the reason.",trial_running_detail:"The comparison is shown again when the trial has ended.",interval:"{level}% interval: {low} to {high}",nights:"Nights with / without: {with} / {without}",together:"Mostly logged on the same nights: {factors}. Which of them matters cannot be seen.",less_with:"less with it",more_with:"more with it",observed_note:"These nights were not chosen at random, so a difference does not show its cause: you may take a bath because the evening is bad. Of ten things that change nothing, about one shows a difference by chance. A personal trial shows more.",trial_title:"Personal trial: {factor}",plan_with:"Tonight, with: {factor}",plan_without:"Tonight, without: {factor}",plan_washout:"Tonight, without: {factor}. The effect of the last nights wears off first.",plan_later:"The trial begins with the night from {from} to {to}.",trial_question:"{factor}: did you do it in the night from {from} to {to}?",yes:"Yes",no:"No",trial_night:"Night {night} of {nights}",trial_answered:"answered: {count}",trial_note:"Results are shown only when the trial has ended. Knowing them earlier could change how you sleep and answer.",stop:"Stop the trial",stop_title:"Stop the trial?",stop_text:"The trial ends for good. It is evaluated with the nights so far, which may be too few. A new trial gets a new plan.",results:"Results of your trials",trial_helped:"Probably helped",trial_worse:"Probably made things worse",trial_better_stopped:"Better nights with it, but no proof",trial_worse_stopped:"Worse nights with it, but no proof",trial_no_difference:"No difference found",trial_too_few:"Too few nights",trial_no_result:"No result",trial_no_difference_detail:"The nights with it were not clearly better or worse than the others.",trial_too_few_detail:"Too few nights were measured to compare them.",trial_dates:"{from} to {to} · {outcome}",trial_stopped:"{from} to {to}, stopped early · {outcome}",figures:"Figures",trial_effect:"Effect: {effect}",trial_p:"p = {p} (one-sided, randomisation test)",trial_early_look:"Ended at the early look.",figures_note:"Compared by the plan as drawn, whatever was done. p: how often a plan drawn at random would show at least this effect if it made no difference. One person's result holds for that person only.",try:"Try something",try_intro:"Test whether something helps you: Limber draws at random which nights are with it and which without, and compares them at the end.",try_button:"Try something…",form_intro:"The plan begins tomorrow at the latest and says each evening what to do. Each morning you say whether you did it. A result needs most nights to be measured.",form_factor:"What to try",form_name:"What is it?",form_weeks:"How long",form_outcome:"What to watch",form_medicine:"Never start, stop or skip a prescribed medicine for a trial without asking your doctor first.",form_early_look:"Look once halfway, and end early if the result is clear",weeks_one:"{count} week",weeks_other:"{count} weeks",start:"Start the trial",cancel:"Cancel",start_title:"Start this trial?",start_text:"{factor}, {weeks}. Watched: {outcome}. Only one trial can run at a time, and its plan cannot be changed.",diary:"Diary",ask_this_evening:"How restless are your legs this evening?",ask_last_evening:"How restless were your legs yesterday evening?",no_symptoms:"0: not at all",worst_symptoms:"10: unbearable",ask_sleep:"How well did you sleep? ({date})",slept_badly:"0: very badly",slept_well:"10: very well",ask_cramp:"Did you have a cramp that night?",ask_pain:"How painful was the cramp?",no_pain:"0: no pain",worst_pain:"10: worst pain",nothing_logged:"Nothing to compare yet. Log what you do before bed with the action “Log a factor”, in an automation or by voice: this card then compares nights with and without it.",bridge_too_old:"Update the bridge to compare nights with and without what you log.",failed:"That did not work: {reason}",config_outcome:"“outcome” must be one of {outcomes}.",config_hide:"“hide” must be a list of “trial”, “diary” and “effects”."},strategy:{name:"Limber",description:"Tonight, last night, trends, what helps and sensors, for everyone Limber measures",tonight:"Tonight",last_night:"Last night",trend:"Trend",helps:"What helps",sensors:"Sensors",no_sleepers:"No sleeper is set up yet. Set up a bridge under **Settings > Devices & services**, and add a sleeper to its configuration.",caution:"Limber shows trends. It is not a medical device. See a doctor if movements or cramps are frequent, painful or disturb your sleep."},editor:{device:"Sleeper",title:"Heading",title_help:"Leave empty for the usual one.",night:"Night shown first",night_last:"Last night",night_tonight:"Tonight",hide:"Parts to hide",hide_histogram:"Time from one movement to the next",hide_hours:"Movements per hour",nights:"Period shown first",nights_7:"1 week",nights_30:"30 nights",nights_90:"3 months",nights_365:"1 year",measure:"Measure shown first",measure_plm_index:"Periodic movements per hour",measure_plms_index:"Periodic movements per hour of sleep",measure_movement_index:"Leg movements per hour",measure_movements:"Leg movements per night",measure_sleep_h:"Sleep (estimated)",measure_time_in_bed_h:"Time in bed",hide_cramps:"Cramps",hide_factors:"What was logged",hide_diary:"Diary",hide_trial:"Personal trial",hide_effects:"Nights with and without",hide_summary:"The night in words",outcome:"Compared first",outcome_plm_index:"Periodic movements per hour",outcome_movement_index:"Leg movements per hour",outcome_cramp:"Nights with a cramp",outcome_sleep_h:"Sleep (estimated)",outcome_evening_symptoms:"Evening symptoms",outcome_sleep_quality:"Sleep quality",compact:"Compact",compact_help:"Only what is going on now and the count, in one line.",log:"Buttons for logging",log_help:"What you do or take before bed. Each chosen item gets a button."}};var Pr={common:{loading:"Cargando…",offline:"El puente está desconectado. Esto es lo último que envió.",no_sleepers:"Todavía no hay ninguna persona en la configuración del puente.",choose_sleeper:"Hay varias personas: elige una en los ajustes de esta tarjeta.",unknown_sleeper:"La persona elegida ya no existe: elige otra en los ajustes de esta tarjeta.",config_device:"«device» debe ser el ID del dispositivo de una persona.",error_not_found:"Limber no está configurado para esta persona o todavía se está iniciando.",error_unavailable:"El puente está desconectado y no hay nada guardado sobre esto.",error_unauthorized:"No tienes acceso a los datos de esta persona. Pide acceso a un administrador.",error_unknown_command:"Limber se ha actualizado. Reinicia Home Assistant para completar la actualización.",retry:"Reintentar",minutes:"{minutes} min",hours_minutes:"{hours} h {minutes} min",left:"Izquierda",right:"Derecha",both:"Ambas piernas",stretching:"Estiramientos",magnesium:"Magnesio",alcohol:"Alcohol",caffeine:"Cafeína",exercise:"Ejercicio",warm_bath:"Baño caliente",water:"Agua",medicine:"Medicamento",other:"Otra cosa",error_no_night:"No existe esa noche."},night:{card_name:"Limber: noche",card_description:"Una noche en una línea de tiempo: cada movimiento de las piernas, series, calambres y sueño",heading:"{name}: noche",tonight:"Esta noche",previous:"Noche anterior",next:"Noche siguiente",zoom_in:"Acercar",zoom_out:"Alejar",zoom_all:"Mostrar toda la noche",no_night:"Aún no se ha registrado ninguna noche. La primera aparecerá aquí cuando te hayas levantado.",not_tonight:"Todavía no se ha medido nada esta noche.",no_such_night:"Esa noche no existe.",not_measured:"Esta noche no se midió nada.",events_deleted:"Los movimientos de esta noche se borraron para liberar espacio en el puente. Sus cifras se conservan.",unknown:"sin medir",fact_movements:"Movimientos de las piernas",fact_plm_index:"Periódicos por hora",fact_cramps:"Calambres",lane_left:"Pierna izquierda",lane_right:"Pierna derecha",lane_unknown:"Piernas",side_left:"Pierna izquierda",side_right:"Pierna derecha",side_both:"Ambas piernas",side_unknown:"Movimiento de las piernas",grade_1:"leve",grade_2:"moderado",grade_3:"fuerte",single:"no forma parte de una serie",not_periodic:"no cuenta como periódico",in_series_one:"en una serie de {count} movimiento",in_series_other:"en una serie de {count} movimientos",movements_one:"{count} movimiento",movements_other:"{count} movimientos",interval:"{interval} después del anterior",every:"uno cada {interval} de media",gap_missed:"puede que falten movimientos",seconds:"{seconds} s",state_asleep:"Durmiendo (estimado)",state_awake:"En la cama, sin dormir (estimado)",state_in_bed:"En la cama",state_out:"Fuera de la cama",state_unknown:"Nada detectado",cramp_possible:"Posible calambre",cramp_probable:"Probable calambre",cramp_reported:"Calambre que indicaste",cramp_confirmed:"Calambre",cramp_yes:"confirmaste que fue un calambre",cramp_no:"dijiste que no fue un calambre",hint:"Señala o toca una marca para ver qué es.",hint_keys:"Las flechas izquierda y derecha van de marca en marca; Re Pág y Av Pág, al siguiente calambre, despertar, serie o hueco. Más y menos acercan y alejan, Mayús con una flecha desplaza la vista y 0 muestra toda la noche.",timeline:"Línea de tiempo de {start} a {end}",legend:"Leyenda",legend_movement:"Movimiento: cuanto más larga la barra, más fuerte",legend_single:"Más pálido: no forma parte de una serie",legend_both:"Ambas piernas a la vez",legend_series:"Serie periódica",legend_periodic:"Serie periódica: movimientos a intervalos regulares",legend_cramp:"Calambre",legend_denied:"Según tú, no fue un calambre",legend_awakening:"Despertar brusco",legend_factor:"Anotado por ti",legend_position:"Cambio de postura",legend_now:"Ahora",legend_in_bed:"En la cama",legend_asleep:"Sueño (estimado)",legend_gap:"Sin medir",logged:"Anotado",before:"{duration} antes de acostarse",diary:"Diario",diary_evening:"Molestias al anochecer: {value} de 10",diary_quality:"Calidad del sueño: {value} de 10",diary_cramp:"Calambre: sí",diary_pain:"Calambre: sí, dolor {value} de 10",diary_no_cramp:"Calambre: no",histogram:"Tiempo de un movimiento al siguiente",histogram_axis:"segundos",histogram_shaded:"10 a 90 s",histogram_text:"El {share} de los {intervals} intervalos dura de 10 a 90 segundos (zona sombreada). Cuatro o más movimientos seguidos a tales intervalos forman una serie periódica. No se cuentan los intervalos en los que faltó la medición.",histogram_none:"Hubo muy pocos movimientos para mostrar sus intervalos.",histogram_bin:"{from} a {to} s: {count}",hours:"Movimientos por hora",hours_series:"en una serie",hours_other:"otros",hour:"{range}: {movements}, de ellos en una serie: {periodic}",hour_unknown:"{range}: sin medir",hour_partly:"{minutes} min medidos",table:"Calambres, series y huecos de esta noche",table_when:"Cuándo",table_what:"Qué",table_details:"Detalles",config_night:"«night» debe ser «last» o «tonight».",config_hide:"«hide» debe ser una lista de «summary», «hours» y «histogram»."},trend:{card_name:"Limber: evolución",card_description:"De una semana a un año: lo habitual en ti, lo que anotaste y las horas de la noche",heading:"{name}: evolución",measure:"Medida",range:"Periodo",slider:"Noches, una tras otra",plm_index:"Movimientos periódicos por hora",plms_index:"Movimientos periódicos por hora de sueño",movement_index:"Movimientos de las piernas por hora",movements:"Movimientos de las piernas por noche",sleep_h:"Sueño (estimado)",time_in_bed_h:"Tiempo en la cama",per_hour:"{value} por hora",plain:"{value}",nights_7:"1 semana",nights_30:"30 noches",nights_90:"3 meses",nights_365:"1 año",short_7:"7 d",short_30:"30 d",short_90:"3 m",short_365:"1 a",last_week:"Mediana de las últimas 7 noches",less_than_usual:"Menos de lo habitual",as_usual:"Como de costumbre",more_than_usual:"Más de lo habitual",usual:"Lo habitual: {median} (la mitad de las noches: de {low} a {high})",usual_unknown:"Aún no hay noches suficientes para saber qué es lo habitual.",too_few:"Se midieron menos de 3 de las últimas 7 noches: muy pocas para comparar.",summary:"{measure}: se midieron {measured} de {nights} noches.",summary_week:"La mediana de las últimas 7 noches es {value}.",summary_cramps:"Calambres en este periodo: {cramps}.",dates:"del {from} al {to}",not_measured:"sin medir",no_value:"medida desconocida",median:"mediana {value}",coverage:"{measured} de {nights} noches medidas",no_cramps:"sin calambres",cramps_one:"{count} calambre",cramps_other:"{count} calambres",evening_rating:"molestias al anochecer {value} de 10",quality_rating:"calidad del sueño {value} de 10",trial:"Prueba: {factor}",lane_cramps:"Calambres",more_factors:"También se anotó: {factors}.",evening:"Molestias al anochecer",quality:"Calidad del sueño",heat:"Movimientos en cada hora de la noche",key_night:"una noche",key_week:"mediana de una semana, con la mitad central de sus noches",key_usual:"lo habitual en ti: mediana y mitad central de las 30 noches anteriores",key_unmeasured:"sin medir",open:"Ver esta noche",open_date:"Ver la noche: {date}",close:"Cerrar",kept_back:"Lo que anotes para la prueba no aparece aquí hasta que termine.",no_nights:"Aún no se ha registrado ninguna noche. La evolución empezará con la primera.",nothing_measured:"Aún no se ha medido ninguna de estas noches.",config_nights:"«nights» debe ser 7, 30, 90 o 365.",config_measure:"«measure» debe ser una de estas: {measures}.",config_hide:"«hide» debe ser una lista de «cramps», «factors», «diary» y «hours».",usual_short:"habitual {median} (de {low} a {high})"},tonight:{card_name:"Limber: esta noche",card_description:"Lo que pasa ahora, y los sensores",heading:"{name} esta noche",cramp:"Calambre desde las {time}",cramp_help:"Estira la pierna y lleva los dedos del pie hacia la espinilla.",paused:"La medición está en pausa",series:"Serie periódica desde las {time}",asleep:"Durmiendo",awake:"En la cama, sin dormir",in_bed:"En la cama",out_of_bed:"Fuera de la cama",not_connected:"No hay ningún sensor conectado",unknown:"Todavía no se sabe si hay alguien en la cama",movements:"Movimientos de las piernas",plm:"Periódicos",plm_index:"Periódicos por hora",cramps:"Calambres",not_measured:"Sin medir",since:"En la cama desde las {time}",last_night:"Anoche: {movements} movimientos de las piernas, {index} periódicos por hora",last_night_movements:"Anoche: {movements} movimientos de las piernas",sensors:"Sensores",pause:"Pausar la medición",resume:"Reanudar la medición",battery:"Batería al {percent}",battery_low:"Batería baja: {percent}",sensor_ok:"Conectado",sensor_off:"Sin conexión",sensor_problem:"Revisa el sensor",sensor_not_worn:"Sin poner",sensor_strap_loose:"Correa floja",left_ankle:"Tobillo izquierdo",right_ankle:"Tobillo derecho",ankle:"Tobillo",left_tibialis:"Espinilla izquierda",right_tibialis:"Espinilla derecha",tibialis:"Espinilla",left_calf:"Pantorrilla izquierda",right_calf:"Pantorrilla derecha",calf:"Pantorrilla",bed:"Cama",compact_count_one:"{count} movimiento",compact_count_other:"{count} movimientos",config_compact:"«compact» debe ser true o false.",log:"Anotar",log_new:"Anotar: {factor}",log_again:"{factor}, {time}. Anotar otra vez",logged:"Anotado: {factor}, {time}",log_tried:"{factor}: forma parte de tu prueba. La tarjeta «Qué ayuda» te preguntará si lo hiciste.",config_log:"«log» debe ser una lista de estos valores: {factors}."},helps:{card_name:"Limber: qué ayuda",card_description:"Tu prueba personal, tu diario y las noches con y sin lo que anotaste",heading:"{name}: qué ayuda",plm_index:"Movimientos periódicos por hora",movement_index:"Movimientos de las piernas por hora",cramp:"Noches con un calambre",sleep_h:"Sueño (estimado)",evening_symptoms:"Molestias al anochecer",sleep_quality:"Calidad del sueño",plm_index_lower:"alrededor de un {value} menos de movimientos periódicos por hora",plm_index_higher:"alrededor de un {value} más de movimientos periódicos por hora",movement_index_lower:"alrededor de un {value} menos de movimientos de las piernas por hora",movement_index_higher:"alrededor de un {value} más de movimientos de las piernas por hora",cramp_lower:"de cada 100 noches, unas {value} menos con un calambre",cramp_higher:"de cada 100 noches, unas {value} más con un calambre",sleep_h_lower:"unos {value} menos de sueño",sleep_h_higher:"unos {value} más de sueño",evening_symptoms_lower:"molestias al anochecer alrededor de {value} de 10 puntos más bajas",evening_symptoms_higher:"molestias al anochecer alrededor de {value} de 10 puntos más altas",sleep_quality_lower:"calidad del sueño alrededor de {value} de 10 puntos más baja",sleep_quality_higher:"calidad del sueño alrededor de {value} de 10 puntos más alta",effects:"Noches con y sin",outcome:"Qué se compara",likely_helps:"Probablemente ayuda",one_likely_helps:"Probablemente ayuda: esto, o lo que se anotó las mismas noches",nights_worse:"Peores noches con ello",no_difference:"No se ve ninguna diferencia",too_few_periods:"Anotado en muy pocos periodos",trial_running:"Prueba en curso",early_both_one:"Demasiado pronto: falta más o menos {count} noche con y {without} sin ello",early_both_other:"Demasiado pronto: faltan unas {count} noches con y {without} sin ello",early_with_one:"Demasiado pronto: falta más o menos {count} noche con ello",early_with_other:"Demasiado pronto: faltan unas {count} noches con ello",early_without_one:"Demasiado pronto: falta más o menos {count} noche sin ello",early_without_other:"Demasiado pronto: faltan unas {count} noches sin ello",early:"Demasiado pronto para saberlo",on_nights:"En las noches con ello: {change}.",no_difference_detail:"Hay noches suficientes, y se diferencian demasiado poco como para importar.",too_few_periods_detail:"Se anotó solo en uno o dos periodos. Cualquier otro cambio de esa época puede ser la razón.",trial_running_detail:"La comparación volverá a mostrarse cuando termine la prueba.",interval:"intervalo del {level} %: de {low} a {high}",nights:"Noches con / sin: {with} / {without}",together:"Anotado casi siempre las mismas noches: {factors}. No se puede ver cuál de ellos influye.",less_with:"menos con ello",more_with:"más con ello",observed_note:"Estas noches no se eligieron al azar, así que una diferencia no dice nada de su causa: quizá te das un baño justo cuando la noche empieza mal. De cada diez cosas que no cambian nada, aproximadamente una muestra una diferencia por azar. Una prueba personal muestra más.",trial_title:"Prueba personal: {factor}",plan_with:"Esta noche, con: {factor}",plan_without:"Esta noche, sin: {factor}",plan_washout:"Esta noche, sin: {factor}. Antes debe pasar el efecto de las últimas noches.",plan_later:"La prueba empieza con la noche del {from} al {to}.",trial_question:"{factor}: ¿lo hiciste en la noche del {from} al {to}?",yes:"Sí",no:"No",trial_night:"Noche {night} de {nights}",trial_answered:"respondidas: {count}",trial_note:"Los resultados solo se muestran al terminar. Conocerlos antes podría cambiar tu forma de dormir y de responder.",stop:"Detener la prueba",stop_title:"¿Detener la prueba?",stop_text:"La prueba termina definitivamente. Se evalúa con las noches transcurridas, que quizá sean pocas. Una prueba nueva recibe un plan nuevo.",results:"Resultados de tus pruebas",trial_helped:"Probablemente ayudó",trial_worse:"Probablemente empeoró las cosas",trial_better_stopped:"Mejores noches con ello, pero no demuestra nada",trial_worse_stopped:"Peores noches con ello, pero no demuestra nada",trial_no_difference:"No se halló diferencia",trial_too_few:"Muy pocas noches",trial_no_result:"Sin resultado",trial_no_difference_detail:"Las noches con ello no fueron claramente mejores ni peores que las demás.",trial_too_few_detail:"Se midieron muy pocas noches para compararlas.",trial_dates:"del {from} al {to} · {outcome}",trial_stopped:"del {from} al {to}, detenida antes de tiempo · {outcome}",figures:"Cifras",trial_effect:"Efecto: {effect}",trial_p:"p = {p} (unilateral, prueba de aleatorización)",trial_early_look:"Terminó en el análisis intermedio.",figures_note:"Comparado según el plan sorteado, sin importar lo que se hizo. p: con qué frecuencia un plan sorteado mostraría al menos este efecto si no cambiara nada. El resultado de una persona solo vale para ella.",try:"Probar algo",try_intro:"Comprueba si algo te ayuda: Limber sortea qué noches son con ello y cuáles sin ello, y las compara al final.",try_button:"Probar algo…",form_intro:"El plan empieza mañana a más tardar y dice cada noche qué hacer. Cada mañana dices si lo hiciste. Para tener un resultado hay que medir la mayoría de las noches.",form_factor:"Qué probar",form_name:"¿Qué es?",form_weeks:"Cuánto tiempo",form_outcome:"Qué observar",form_medicine:"Nunca empieces, dejes ni omitas un medicamento recetado para una prueba sin consultar antes con tu médico.",form_early_look:"Hacer un análisis intermedio a mitad de la prueba y terminar antes si el resultado es claro",weeks_one:"{count} semana",weeks_other:"{count} semanas",start:"Iniciar la prueba",cancel:"Cancelar",start_title:"¿Iniciar esta prueba?",start_text:"{factor}, {weeks}. Se observa: {outcome}. Solo puede haber una prueba a la vez, y su plan no se puede cambiar.",diary:"Diario",ask_this_evening:"¿Cómo de inquietas están tus piernas esta noche?",ask_last_evening:"¿Cómo de inquietas estaban tus piernas ayer al anochecer?",no_symptoms:"0: nada",worst_symptoms:"10: insoportable",ask_sleep:"¿Qué tal dormiste? ({date})",slept_badly:"0: muy mal",slept_well:"10: muy bien",ask_cramp:"¿Tuviste un calambre esa noche?",ask_pain:"¿Cuánto dolió el calambre?",no_pain:"0: sin dolor",worst_pain:"10: el peor dolor",nothing_logged:"Aún no hay nada que comparar. Anota lo que haces antes de dormir con la acción «Anotar un factor», en una automatización o por voz: esta tarjeta comparará las noches con y sin ello.",bridge_too_old:"Actualiza el puente para comparar las noches con y sin lo que anotas.",failed:"No ha funcionado: {reason}",config_outcome:"«outcome» debe ser uno de estos: {outcomes}.",config_hide:"«hide» debe ser una lista de «trial», «diary» y «effects»."},strategy:{name:"Limber",description:"Esta noche, anoche, evolución, qué ayuda y sensores, para todas las personas",tonight:"Esta noche",last_night:"Anoche",trend:"Evolución",helps:"Qué ayuda",sensors:"Sensores",no_sleepers:"Todavía no hay ninguna persona configurada. Configura un puente en **Ajustes > Dispositivos y servicios** y añade una persona a su configuración.",caution:"Limber muestra tendencias y no es un producto sanitario. Consulta a un médico si los movimientos o los calambres son frecuentes, duelen o alteran tu sueño."},editor:{device:"Persona",title:"Título",title_help:"Déjalo vacío para usar el habitual.",night:"Noche que se muestra primero",night_last:"La última noche",night_tonight:"Esta noche",hide:"Partes ocultas",hide_histogram:"Tiempo de un movimiento al siguiente",hide_hours:"Movimientos por hora",nights:"Periodo al abrir",nights_7:"1 semana",nights_30:"30 noches",nights_90:"3 meses",nights_365:"1 año",measure:"Medida al abrir",measure_plm_index:"Movimientos periódicos por hora",measure_plms_index:"Movimientos periódicos por hora de sueño",measure_movement_index:"Movimientos de las piernas por hora",measure_movements:"Movimientos de las piernas por noche",measure_sleep_h:"Sueño (estimado)",measure_time_in_bed_h:"Tiempo en la cama",hide_cramps:"Calambres",hide_factors:"Lo anotado",hide_diary:"Diario",hide_trial:"Prueba personal",hide_effects:"Noches con y sin",hide_summary:"La noche en palabras",outcome:"Se compara primero",outcome_plm_index:"Movimientos periódicos por hora",outcome_movement_index:"Movimientos de las piernas por hora",outcome_cramp:"Noches con un calambre",outcome_sleep_h:"Sueño (estimado)",outcome_evening_symptoms:"Molestias al anochecer",outcome_sleep_quality:"Calidad del sueño",compact:"Compacta",compact_help:"Solo lo que pasa ahora y el número, en una línea.",log:"Botones para anotar",log_help:"Lo que haces o tomas antes de dormir. Lo que elijas tendrá un botón."}};var Dr={common:{loading:"Chargement…",offline:"Le pont est hors ligne. Voici les dernières données reçues.",no_sleepers:"Aucune personne n'est encore configurée dans le pont.",choose_sleeper:"Plusieurs personnes sont suivies : choisissez-en une dans les réglages de cette carte.",unknown_sleeper:"La personne choisie n'existe plus : choisissez-en une autre dans les réglages de cette carte.",config_device:"« device » doit être l'identifiant de l'appareil d'une personne.",error_not_found:"Limber n'est pas configuré pour cette personne, ou démarre encore.",error_unavailable:"Le pont est hors ligne et rien n'est enregistré à ce sujet.",error_unauthorized:"Vous n'avez pas accès aux données de cette personne. Demandez l'accès à un administrateur.",error_unknown_command:"Limber a été mis à jour. Redémarrez Home Assistant pour terminer la mise à jour.",retry:"Réessayer",minutes:"{minutes} min",hours_minutes:"{hours} h {minutes} min",left:"Gauche",right:"Droite",both:"Les deux jambes",stretching:"Étirements",magnesium:"Magnésium",alcohol:"Alcool",caffeine:"Caféine",exercise:"Exercice physique",warm_bath:"Bain chaud",water:"Eau",medicine:"Médicament",other:"Autre chose",error_no_night:"Cette nuit n'existe pas."},night:{card_name:"Limber : nuit",card_description:"Une nuit sur une frise : chaque mouvement de jambe, les séries, les crampes et le sommeil",heading:"{name} : nuit",tonight:"Cette nuit",previous:"Nuit précédente",next:"Nuit suivante",zoom_in:"Agrandir",zoom_out:"Réduire",zoom_all:"Afficher toute la nuit",no_night:"Aucune nuit n'a encore été enregistrée. La première apparaîtra ici après votre lever.",not_tonight:"Rien n'a encore été mesuré cette nuit.",no_such_night:"Cette nuit n'existe pas.",not_measured:"Rien n'a été mesuré pendant cette nuit.",events_deleted:"Les mouvements de cette nuit ont été supprimés pour libérer de la place sur le pont. Ses chiffres sont conservés.",unknown:"non mesuré",fact_movements:"Mouvements des jambes",fact_plm_index:"Périodiques par heure",fact_cramps:"Crampes",lane_left:"Jambe gauche",lane_right:"Jambe droite",lane_unknown:"Jambes",side_left:"Jambe gauche",side_right:"Jambe droite",side_both:"Les deux jambes",side_unknown:"Mouvement de jambe",grade_1:"faible",grade_2:"modéré",grade_3:"fort",single:"hors d'une série",not_periodic:"ne compte pas comme périodique",in_series_one:"dans une série de {count} mouvement",in_series_other:"dans une série de {count} mouvements",movements_one:"{count} mouvement",movements_other:"{count} mouvements",interval:"{interval} après le précédent",every:"en moyenne un toutes les {interval}",gap_missed:"des mouvements ont pu échapper à la mesure",seconds:"{seconds} s",state_asleep:"Sommeil (estimé)",state_awake:"Éveil au lit (estimé)",state_in_bed:"Au lit",state_out:"Hors du lit",state_unknown:"Rien de détecté",cramp_possible:"Crampe possible",cramp_probable:"Crampe probable",cramp_reported:"Crampe que vous avez signalée",cramp_confirmed:"Crampe",cramp_yes:"vous avez confirmé la crampe",cramp_no:"selon vous, ce n'était pas une crampe",hint:"Pointez ou touchez un repère pour voir de quoi il s'agit.",hint_keys:"Les flèches gauche et droite passent d'un repère à l'autre, Page précédente et Page suivante à la prochaine crampe, au prochain réveil, à la prochaine série ou interruption. Plus et moins agrandissent et réduisent, Maj avec une flèche déplace la vue, 0 affiche toute la nuit.",timeline:"Frise de {start} à {end}",legend:"Légende",legend_movement:"Mouvement de jambe : plus la barre est longue, plus il est fort",legend_single:"Plus pâle : hors d'une série",legend_both:"Les deux jambes à la fois",legend_series:"Série périodique",legend_periodic:"Série périodique : mouvements à intervalles réguliers",legend_cramp:"Crampe",legend_denied:"Selon vous, pas une crampe",legend_awakening:"Réveil brusque",legend_factor:"Noté par vous",legend_position:"Changement de position",legend_now:"Maintenant",legend_in_bed:"Au lit",legend_asleep:"Sommeil (estimé)",legend_gap:"Non mesuré",logged:"Noté",before:"{duration} avant le coucher",diary:"Journal",diary_evening:"Symptômes du soir : {value} sur 10",diary_quality:"Qualité du sommeil : {value} sur 10",diary_cramp:"Crampe : oui",diary_pain:"Crampe : oui, douleur {value} sur 10",diary_no_cramp:"Crampe : non",histogram:"Temps d'un mouvement au suivant",histogram_axis:"secondes",histogram_shaded:"10 à 90 s",histogram_text:"{share} des {intervals} intervalles durent de 10 à 90 secondes (zone teintée). Quatre mouvements ou plus qui se suivent à de tels intervalles forment une série périodique. Les intervalles comportant une interruption de la mesure sont écartés.",histogram_none:"Il y a eu trop peu de mouvements pour montrer leurs intervalles.",histogram_bin:"{from} à {to} s : {count}",hours:"Mouvements par heure",hours_series:"dans une série",hours_other:"autres",hour:"{range} : {movements}, dont dans une série : {periodic}",hour_unknown:"{range} : non mesuré",hour_partly:"{minutes} min mesurées",table:"Crampes, séries et interruptions de cette nuit",table_when:"Quand",table_what:"Quoi",table_details:"Détails",config_night:"« night » doit être « last » ou « tonight ».",config_hide:"« hide » doit être une liste de « summary », « hours » et « histogram »."},trend:{card_name:"Limber : évolution",card_description:"D'une semaine à un an : ce qui est habituel pour vous, ce que vous avez noté et les heures de la nuit",heading:"{name} : évolution",measure:"Mesure",range:"Période",slider:"Nuits, l'une après l'autre",plm_index:"Mouvements périodiques par heure",plms_index:"Mouvements périodiques par heure de sommeil",movement_index:"Mouvements des jambes par heure",movements:"Mouvements des jambes par nuit",sleep_h:"Sommeil (estimé)",time_in_bed_h:"Temps au lit",per_hour:"{value} par heure",plain:"{value}",nights_7:"1 semaine",nights_30:"30 nuits",nights_90:"3 mois",nights_365:"1 an",short_7:"7 j",short_30:"30 j",short_90:"3 m",short_365:"1 an",last_week:"Médiane des 7 dernières nuits",less_than_usual:"Moins que d'habitude",as_usual:"Comme d'habitude",more_than_usual:"Plus que d'habitude",usual:"D'habitude : {median} (la moitié des nuits : {low} à {high})",usual_unknown:"Il n'y a pas encore assez de nuits pour dire ce qui est habituel.",too_few:"Moins de 3 des 7 dernières nuits ont été mesurées : trop peu pour comparer.",summary:"{measure} : {measured} nuits mesurées sur {nights}.",summary_week:"La médiane des 7 dernières nuits est de {value}.",summary_cramps:"Crampes sur cette période : {cramps}.",dates:"du {from} au {to}",not_measured:"non mesurée",no_value:"mesure inconnue",median:"médiane {value}",coverage:"{measured} nuits mesurées sur {nights}",no_cramps:"aucune crampe",cramps_one:"{count} crampe",cramps_other:"{count} crampes",evening_rating:"symptômes du soir {value} sur 10",quality_rating:"qualité du sommeil {value} sur 10",trial:"Essai : {factor}",lane_cramps:"Crampes",more_factors:"Également noté : {factors}.",evening:"Symptômes du soir",quality:"Qualité du sommeil",heat:"Mouvements à chaque heure de la nuit",key_night:"une nuit",key_week:"médiane d'une semaine, avec la moitié centrale de ses nuits",key_usual:"habituel pour vous : médiane et moitié centrale des 30 nuits précédentes",key_unmeasured:"non mesuré",open:"Afficher la nuit",open_date:"Afficher la nuit : {date}",close:"Fermer",kept_back:"Ce que vous notez pour l'essai n'apparaît ici qu'une fois l'essai terminé.",no_nights:"Aucune nuit n'a encore été enregistrée. L'évolution commencera avec la première.",nothing_measured:"Aucune de ces nuits n'a encore été mesurée.",config_nights:"« nights » doit valoir 7, 30, 90 ou 365.",config_measure:"« measure » doit être l'une de ces valeurs : {measures}.",config_hide:"« hide » doit être une liste de « cramps », « factors », « diary » et « hours ».",usual_short:"d'habitude {median} ({low} à {high})"},tonight:{card_name:"Limber : cette nuit",card_description:"Ce qui se passe en ce moment, et les capteurs",heading:"{name} cette nuit",cramp:"Crampe depuis {time}",cramp_help:"Tendez la jambe et ramenez les orteils vers le tibia.",paused:"La mesure est en pause",series:"Série périodique depuis {time}",asleep:"Endormi",awake:"Au lit, éveillé",in_bed:"Au lit",out_of_bed:"Hors du lit",not_connected:"Aucun capteur n'est connecté",unknown:"On ne sait pas encore si quelqu'un est au lit",movements:"Mouvements des jambes",plm:"Périodiques",plm_index:"Périodiques par heure",cramps:"Crampes",not_measured:"Non mesuré",since:"Au lit depuis {time}",last_night:"La nuit dernière : {movements} mouvements des jambes, {index} périodiques par heure",last_night_movements:"La nuit dernière : {movements} mouvements des jambes",sensors:"Capteurs",pause:"Mettre la mesure en pause",resume:"Reprendre la mesure",battery:"Batterie {percent}",battery_low:"Batterie faible : {percent}",sensor_ok:"Connecté",sensor_off:"Pas de connexion",sensor_problem:"Vérifiez le capteur",sensor_not_worn:"Non porté",sensor_strap_loose:"Sangle desserrée",left_ankle:"Cheville gauche",right_ankle:"Cheville droite",ankle:"Cheville",left_tibialis:"Tibia gauche",right_tibialis:"Tibia droit",tibialis:"Tibia",left_calf:"Mollet gauche",right_calf:"Mollet droit",calf:"Mollet",bed:"Lit",compact_count_one:"{count} mouvement",compact_count_other:"{count} mouvements",config_compact:"« compact » doit être true ou false.",log:"Noter",log_new:"Noter : {factor}",log_again:"{factor}, {time}. Noter à nouveau",logged:"Noté : {factor}, {time}",log_tried:"{factor} : cela fait partie de votre essai. La carte « Ce qui aide » vous demandera si vous l'avez fait.",config_log:"« log » doit être une liste de ces valeurs : {factors}."},helps:{card_name:"Limber : ce qui aide",card_description:"Votre essai personnel, votre journal, et les nuits avec et sans ce que vous avez noté",heading:"{name} : ce qui aide",plm_index:"Mouvements périodiques par heure",movement_index:"Mouvements des jambes par heure",cramp:"Nuits avec une crampe",sleep_h:"Sommeil (estimé)",evening_symptoms:"Symptômes du soir",sleep_quality:"Qualité du sommeil",plm_index_lower:"environ {value} de mouvements périodiques par heure en moins",plm_index_higher:"environ {value} de mouvements périodiques par heure en plus",movement_index_lower:"environ {value} de mouvements des jambes par heure en moins",movement_index_higher:"environ {value} de mouvements des jambes par heure en plus",cramp_lower:"sur 100 nuits, environ {value} de moins avec une crampe",cramp_higher:"sur 100 nuits, environ {value} de plus avec une crampe",sleep_h_lower:"environ {value} de sommeil en moins",sleep_h_higher:"environ {value} de sommeil en plus",evening_symptoms_lower:"symptômes du soir plus faibles d'environ {value} sur 10",evening_symptoms_higher:"symptômes du soir plus forts d'environ {value} sur 10",sleep_quality_lower:"qualité du sommeil plus basse d'environ {value} sur 10",sleep_quality_higher:"qualité du sommeil plus haute d'environ {value} sur 10",effects:"Nuits avec et sans",outcome:"Ce qui est comparé",likely_helps:"Aide probablement",one_likely_helps:"Aide probablement : ceci, ou ce qui a été noté les mêmes nuits",nights_worse:"Moins bonnes nuits avec ce facteur",no_difference:"Aucune différence visible",too_few_periods:"Noté sur trop peu de périodes",trial_running:"Essai en cours",early_both_one:"Trop tôt : encore environ {count} nuit avec et {without} sans",early_both_other:"Trop tôt : encore environ {count} nuits avec et {without} sans",early_with_one:"Trop tôt : encore environ {count} nuit avec ce facteur",early_with_other:"Trop tôt : encore environ {count} nuits avec ce facteur",early_without_one:"Trop tôt : encore environ {count} nuit sans ce facteur",early_without_other:"Trop tôt : encore environ {count} nuits sans ce facteur",early:"Trop tôt pour le dire",on_nights:"Les nuits avec ce facteur : {change}.",no_difference_detail:"Il y a assez de nuits, et elles diffèrent trop peu pour que cela compte.",too_few_periods_detail:"Noté sur une ou deux périodes seulement. Tout autre changement de cette époque peut en être la raison.",trial_running_detail:"La comparaison réapparaîtra à la fin de l'essai.",interval:"intervalle à {level} % : {low} à {high}",nights:"Nuits avec / sans : {with} / {without}",together:"Noté le plus souvent les mêmes nuits : {factors}. On ne peut pas voir lequel compte.",less_with:"moins avec",more_with:"plus avec",observed_note:"Ces nuits n'ont pas été tirées au sort : une différence ne dit rien de sa cause. Vous prenez peut-être un bain justement quand la soirée est mauvaise. Sur dix choses sans effet, une environ montre une différence par hasard. Un essai personnel en montre davantage.",trial_title:"Essai personnel : {factor}",plan_with:"Cette nuit, avec : {factor}",plan_without:"Cette nuit, sans : {factor}",plan_washout:"Cette nuit, sans : {factor}. L'effet des dernières nuits doit d'abord disparaître.",plan_later:"L'essai commence avec la nuit du {from} au {to}.",trial_question:"{factor} : l'avez-vous fait pour la nuit du {from} au {to} ?",yes:"Oui",no:"Non",trial_night:"Nuit {night} sur {nights}",trial_answered:"réponses : {count}",trial_note:"Les résultats ne sont montrés qu'à la fin. Les connaître plus tôt pourrait changer votre sommeil et vos réponses.",stop:"Arrêter l'essai",stop_title:"Arrêter l'essai ?",stop_text:"L'essai s'arrête définitivement. Il est évalué avec les nuits passées, peut-être trop peu nombreuses. Un nouvel essai reçoit un nouveau plan.",results:"Résultats de vos essais",trial_helped:"A probablement aidé",trial_worse:"A probablement aggravé les choses",trial_better_stopped:"Meilleures nuits avec ce facteur, mais rien de prouvé",trial_worse_stopped:"Moins bonnes nuits avec ce facteur, mais rien de prouvé",trial_no_difference:"Aucune différence trouvée",trial_too_few:"Trop peu de nuits",trial_no_result:"Sans résultat",trial_no_difference_detail:"Les nuits avec ce facteur n'ont pas été nettement meilleures ni moins bonnes que les autres.",trial_too_few_detail:"Trop peu de nuits ont été mesurées pour les comparer.",trial_dates:"du {from} au {to} · {outcome}",trial_stopped:"du {from} au {to}, arrêté avant la fin · {outcome}",figures:"Chiffres",trial_effect:"Effet : {effect}",trial_p:"p = {p} (unilatéral, test de randomisation)",trial_early_look:"Terminé à l'analyse intermédiaire.",figures_note:"Comparé selon le plan tiré au sort, quoi qu'il ait été fait. p : fréquence à laquelle un plan tiré au sort montrerait au moins cet effet si cela ne changeait rien. Le résultat d'une personne ne vaut que pour elle.",try:"Essayer quelque chose",try_intro:"Testez si quelque chose vous aide : Limber tire au sort les nuits avec et les nuits sans, puis les compare à la fin.",try_button:"Essayer quelque chose…",form_intro:"Le plan commence au plus tard demain et dit chaque soir quoi faire. Chaque matin, vous dites si vous l'avez fait. Pour un résultat, la plupart des nuits doivent être mesurées.",form_factor:"Quoi essayer",form_name:"De quoi s'agit-il ?",form_weeks:"Combien de temps",form_outcome:"Quoi observer",form_medicine:"Pour un essai, ne commencez ni n'arrêtez jamais un médicament prescrit et ne sautez aucune prise sans demander d'abord à votre médecin.",form_early_look:"Faire une analyse intermédiaire à mi-parcours, et finir plus tôt si le résultat est net",weeks_one:"{count} semaine",weeks_other:"{count} semaines",start:"Commencer l'essai",cancel:"Annuler",start_title:"Commencer cet essai ?",start_text:"{factor}, {weeks}. Observé : {outcome}. Un seul essai à la fois est possible, et son plan ne peut pas être modifié.",diary:"Journal",ask_this_evening:"Vos jambes sont-elles agitées ce soir ?",ask_last_evening:"Vos jambes étaient-elles agitées hier soir ?",no_symptoms:"0 : pas du tout",worst_symptoms:"10 : insupportable",ask_sleep:"Avez-vous bien dormi ? ({date})",slept_badly:"0 : très mal",slept_well:"10 : très bien",ask_cramp:"Avez-vous eu une crampe cette nuit-là ?",ask_pain:"La crampe était-elle douloureuse ?",no_pain:"0 : pas de douleur",worst_pain:"10 : douleur maximale",nothing_logged:"Rien à comparer pour l'instant. Notez ce que vous faites avant de dormir, avec l'action « Noter un facteur », dans une automatisation ou à la voix : cette carte comparera les nuits avec et sans.",bridge_too_old:"Mettez le pont à jour pour comparer les nuits avec et sans ce que vous notez.",failed:"Cela n'a pas fonctionné : {reason}",config_outcome:"« outcome » doit être l'une de ces valeurs : {outcomes}.",config_hide:"« hide » doit être une liste de « trial », « diary » et « effects »."},strategy:{name:"Limber",description:"Cette nuit, la nuit dernière, l'évolution, ce qui aide et les capteurs, pour toutes les personnes suivies",tonight:"Cette nuit",last_night:"La nuit dernière",trend:"Évolution",helps:"Ce qui aide",sensors:"Capteurs",no_sleepers:"Limber ne suit encore personne. Configurez un pont sous **Paramètres > Appareils et services** et ajoutez une personne à sa configuration.",caution:"Limber montre des tendances et n'est pas un dispositif médical. Consultez un médecin si les mouvements ou les crampes sont fréquents, douloureux ou perturbent votre sommeil."},editor:{device:"Personne",title:"Titre",title_help:"Laissez vide pour le titre habituel.",night:"Nuit affichée en premier",night_last:"La nuit dernière",night_tonight:"Cette nuit",hide:"Parties à masquer",hide_histogram:"Temps d'un mouvement au suivant",hide_hours:"Mouvements par heure",nights:"Période affichée d'abord",nights_7:"1 semaine",nights_30:"30 nuits",nights_90:"3 mois",nights_365:"1 an",measure:"Mesure affichée d'abord",measure_plm_index:"Mouvements périodiques par heure",measure_plms_index:"Mouvements périodiques par heure de sommeil",measure_movement_index:"Mouvements des jambes par heure",measure_movements:"Mouvements des jambes par nuit",measure_sleep_h:"Sommeil (estimé)",measure_time_in_bed_h:"Temps au lit",hide_cramps:"Crampes",hide_factors:"Ce qui a été noté",hide_diary:"Journal",hide_trial:"Essai personnel",hide_effects:"Nuits avec et sans",hide_summary:"La nuit en quelques phrases",outcome:"Comparé d'abord",outcome_plm_index:"Mouvements périodiques par heure",outcome_movement_index:"Mouvements des jambes par heure",outcome_cramp:"Nuits avec une crampe",outcome_sleep_h:"Sommeil (estimé)",outcome_evening_symptoms:"Symptômes du soir",outcome_sleep_quality:"Qualité du sommeil",compact:"Compact",compact_help:"Seulement ce qui se passe et le nombre, sur une ligne.",log:"Boutons pour noter",log_help:"Ce que vous faites ou prenez avant de dormir. Chaque élément choisi aura un bouton."}};var Or={common:{loading:"Caricamento…",offline:"Il bridge è offline. Questi sono gli ultimi dati inviati.",no_sleepers:"Nella configurazione del bridge non c'è ancora nessuna persona.",choose_sleeper:"Ci sono più persone: scegline una nelle impostazioni di questa scheda.",unknown_sleeper:"La persona scelta non esiste più: scegline un'altra nelle impostazioni di questa scheda.",config_device:"«device» deve essere l'ID del dispositivo di una persona.",error_not_found:"Limber non è configurato per questa persona o si sta ancora avviando.",error_unavailable:"Il bridge è offline e non c'è nulla di salvato al riguardo.",error_unauthorized:"Non puoi vedere i dati di questa persona. Chiedi l'accesso a un amministratore.",error_unknown_command:"Limber è stato aggiornato. Riavvia Home Assistant per completare l'aggiornamento.",retry:"Riprova",minutes:"{minutes} min",hours_minutes:"{hours} h {minutes} min",left:"Sinistra",right:"Destra",both:"Entrambe le gambe",stretching:"Stretching",magnesium:"Magnesio",alcohol:"Alcol",caffeine:"Caffeina",exercise:"Esercizio fisico",warm_bath:"Bagno caldo",water:"Acqua",medicine:"Farmaco",other:"Altro",error_no_night:"Questa notte non esiste."},night:{card_name:"Limber: notte",card_description:"Una notte su una linea del tempo: ogni movimento delle gambe, serie, crampi e sonno",heading:"{name}: notte",tonight:"Stanotte",previous:"Notte precedente",next:"Notte successiva",zoom_in:"Ingrandisci",zoom_out:"Riduci",zoom_all:"Mostra tutta la notte",no_night:"Nessuna notte è stata ancora registrata. La prima comparirà qui dopo che avrai lasciato il letto.",not_tonight:"Stanotte non è stato ancora misurato nulla.",no_such_night:"Questa notte non esiste.",not_measured:"In questa notte non è stato misurato nulla.",events_deleted:"I singoli movimenti di questa notte sono stati eliminati per liberare spazio sul bridge. I dati riassuntivi restano.",unknown:"non misurato",fact_movements:"Movimenti delle gambe",fact_plm_index:"Periodici all'ora",fact_cramps:"Crampi",lane_left:"Gamba sinistra",lane_right:"Gamba destra",lane_unknown:"Gambe",side_left:"Gamba sinistra",side_right:"Gamba destra",side_both:"Entrambe le gambe",side_unknown:"Movimento delle gambe",grade_1:"lieve",grade_2:"moderato",grade_3:"forte",single:"non in una serie",not_periodic:"non conta come periodico",in_series_one:"in una serie di {count} movimento",in_series_other:"in una serie di {count} movimenti",movements_one:"{count} movimento",movements_other:"{count} movimenti",interval:"{interval} dopo il precedente",every:"in media uno ogni {interval}",gap_missed:"possono mancare dei movimenti",seconds:"{seconds} s",state_asleep:"Sonno (stimato)",state_awake:"Veglia a letto (stimata)",state_in_bed:"A letto",state_out:"Fuori dal letto",state_unknown:"Nulla rilevato",cramp_possible:"Possibile crampo",cramp_probable:"Probabile crampo",cramp_reported:"Crampo che hai segnalato",cramp_confirmed:"Crampo",cramp_yes:"hai confermato il crampo",cramp_no:"hai detto che non era un crampo",hint:"Indica o tocca un segno per vedere che cos'è.",hint_keys:"Le frecce sinistra e destra passano da un segno all'altro, Pag su e Pag giù al crampo, al risveglio, alla serie o all'interruzione successivi. Più e meno ingrandiscono e riducono, Maiusc con una freccia sposta la vista, 0 mostra tutta la notte.",timeline:"Linea del tempo dalle {start} alle {end}",legend:"Legenda",legend_movement:"Movimento: più lunga è la barra, più è forte",legend_single:"Più chiaro: non in una serie",legend_both:"Entrambe le gambe insieme",legend_series:"Serie periodica",legend_periodic:"Serie periodica: movimenti a intervalli regolari",legend_cramp:"Crampo",legend_denied:"Per te non era un crampo",legend_awakening:"Risveglio improvviso",legend_factor:"Annotato da te",legend_position:"Cambio di posizione",legend_now:"Adesso",legend_in_bed:"A letto",legend_asleep:"Sonno (stimato)",legend_gap:"Non misurato",logged:"Annotato",before:"{duration} prima di coricarsi",diary:"Diario",diary_evening:"Disturbi serali: {value} su 10",diary_quality:"Qualità del sonno: {value} su 10",diary_cramp:"Crampo: sì",diary_pain:"Crampo: sì, dolore {value} su 10",diary_no_cramp:"Crampo: no",histogram:"Tempo da un movimento al successivo",histogram_axis:"secondi",histogram_shaded:"da 10 a 90 s",histogram_text:"Il {share} dei {intervals} intervalli dura da 10 a 90 secondi (area colorata). Quattro o più movimenti di seguito a tali intervalli sono una serie periodica. Gli intervalli con interruzioni della misura sono esclusi.",histogram_none:"I movimenti sono troppo pochi per mostrarne gli intervalli.",histogram_bin:"da {from} a {to} s: {count}",hours:"Movimenti all'ora",hours_series:"in una serie",hours_other:"altri",hour:"{range}: {movements}, di cui in una serie: {periodic}",hour_unknown:"{range}: non misurato",hour_partly:"{minutes} min misurati",table:"Crampi, serie e interruzioni di questa notte",table_when:"Quando",table_what:"Che cosa",table_details:"Dettagli",config_night:"«night» deve essere «last» o «tonight».",config_hide:"«hide» deve essere un elenco di «summary», «hours» e «histogram»."},trend:{card_name:"Limber: andamento",card_description:"Da una settimana a un anno: che cosa è normale per te, che cosa hai annotato e le ore della notte",heading:"{name}: andamento",measure:"Misura",range:"Periodo",slider:"Notti, una dopo l'altra",plm_index:"Movimenti periodici all'ora",plms_index:"Movimenti periodici per ora di sonno",movement_index:"Movimenti delle gambe all'ora",movements:"Movimenti delle gambe per notte",sleep_h:"Sonno (stimato)",time_in_bed_h:"Tempo a letto",per_hour:"{value} all'ora",plain:"{value}",nights_7:"1 settimana",nights_30:"30 notti",nights_90:"3 mesi",nights_365:"1 anno",short_7:"7 g",short_30:"30 g",short_90:"3 m",short_365:"1 a",last_week:"Mediana delle ultime 7 notti",less_than_usual:"Meno del solito",as_usual:"Come al solito",more_than_usual:"Più del solito",usual:"Di solito: {median} (metà delle notti: da {low} a {high})",usual_unknown:"Non ci sono ancora abbastanza notti per dire che cosa è abituale.",too_few:"Delle ultime 7 notti ne sono state misurate meno di 3: troppo poche per un confronto.",summary:"{measure}: {measured} notti misurate su {nights}.",summary_week:"La mediana delle ultime 7 notti è {value}.",summary_cramps:"Crampi in questo periodo: {cramps}.",dates:"dal {from} al {to}",not_measured:"non misurata",no_value:"misura sconosciuta",median:"mediana {value}",coverage:"{measured} notti misurate su {nights}",no_cramps:"nessun crampo",cramps_one:"{count} crampo",cramps_other:"{count} crampi",evening_rating:"disturbi serali {value} su 10",quality_rating:"qualità del sonno {value} su 10",trial:"Prova: {factor}",lane_cramps:"Crampi",more_factors:"Annotato anche: {factors}.",evening:"Disturbi serali",quality:"Qualità del sonno",heat:"Movimenti in ogni ora della notte",key_night:"una notte",key_week:"mediana di una settimana, con la metà centrale delle sue notti",key_usual:"il tuo solito: mediana e metà centrale delle 30 notti precedenti",key_unmeasured:"non misurato",open:"Mostra la notte",open_date:"Mostra la notte: {date}",close:"Chiudi",kept_back:"Quello che annoti per la prova compare qui solo quando la prova è finita.",no_nights:"Nessuna notte è stata ancora registrata. L'andamento comincia con la prima.",nothing_measured:"Nessuna di queste notti è stata ancora misurata.",config_nights:"«nights» deve essere 7, 30, 90 o 365.",config_measure:"«measure» deve essere una di queste: {measures}.",config_hide:"«hide» deve essere un elenco di «cramps», «factors», «diary» e «hours».",usual_short:"di solito {median} (da {low} a {high})"},tonight:{card_name:"Limber: stanotte",card_description:"Che cosa succede ora, e i sensori",heading:"{name} stanotte",cramp:"Crampo dalle {time}",cramp_help:"Distendi la gamba e tira le dita del piede verso la tibia.",paused:"La misurazione è in pausa",series:"Serie periodica dalle {time}",asleep:"Addormentato",awake:"A letto, sveglio",in_bed:"A letto",out_of_bed:"Fuori dal letto",not_connected:"Nessun sensore è collegato",unknown:"Non si sa ancora se c'è qualcuno a letto",movements:"Movimenti delle gambe",plm:"Periodici",plm_index:"Periodici all'ora",cramps:"Crampi",not_measured:"Non misurato",since:"A letto dalle {time}",last_night:"La scorsa notte: {movements} movimenti delle gambe, {index} periodici all'ora",last_night_movements:"La scorsa notte: {movements} movimenti delle gambe",sensors:"Sensori",pause:"Metti in pausa la misurazione",resume:"Riprendi la misurazione",battery:"Batteria {percent}",battery_low:"Batteria scarica: {percent}",sensor_ok:"Collegato",sensor_off:"Nessun collegamento",sensor_problem:"Controlla il sensore",sensor_not_worn:"Non indossato",sensor_strap_loose:"Fascia allentata",left_ankle:"Caviglia sinistra",right_ankle:"Caviglia destra",ankle:"Caviglia",left_tibialis:"Tibia sinistra",right_tibialis:"Tibia destra",tibialis:"Tibia",left_calf:"Polpaccio sinistro",right_calf:"Polpaccio destro",calf:"Polpaccio",bed:"Letto",compact_count_one:"{count} movimento",compact_count_other:"{count} movimenti",config_compact:"«compact» deve essere true o false.",log:"Annota",log_new:"Annota: {factor}",log_again:"{factor}, {time}. Annota di nuovo",logged:"Annotato: {factor}, {time}",log_tried:"{factor}: fa parte della tua prova. La scheda «Che cosa aiuta» ti chiederà se l'hai fatto.",config_log:"«log» deve essere un elenco di questi valori: {factors}."},helps:{card_name:"Limber: che cosa aiuta",card_description:"La tua prova personale, il tuo diario e le notti con e senza quello che hai annotato",heading:"{name}: che cosa aiuta",plm_index:"Movimenti periodici all'ora",movement_index:"Movimenti delle gambe all'ora",cramp:"Notti con un crampo",sleep_h:"Sonno (stimato)",evening_symptoms:"Disturbi serali",sleep_quality:"Qualità del sonno",plm_index_lower:"circa {value} di movimenti periodici all'ora in meno",plm_index_higher:"circa {value} di movimenti periodici all'ora in più",movement_index_lower:"circa {value} di movimenti delle gambe all'ora in meno",movement_index_higher:"circa {value} di movimenti delle gambe all'ora in più",cramp_lower:"su 100 notti, circa {value} in meno con un crampo",cramp_higher:"su 100 notti, circa {value} in più con un crampo",sleep_h_lower:"circa {value} di sonno in meno",sleep_h_higher:"circa {value} di sonno in più",evening_symptoms_lower:"disturbi serali più bassi di circa {value} su 10",evening_symptoms_higher:"disturbi serali più alti di circa {value} su 10",sleep_quality_lower:"qualità del sonno più bassa di circa {value} su 10",sleep_quality_higher:"qualità del sonno più alta di circa {value} su 10",effects:"Notti con e senza",outcome:"Che cosa si confronta",likely_helps:"Probabilmente aiuta",one_likely_helps:"Probabilmente aiuta: questo, o ciò che è stato annotato nelle stesse notti",nights_worse:"Notti peggiori con questo fattore",no_difference:"Nessuna differenza visibile",too_few_periods:"Annotato in troppo pochi periodi",trial_running:"Prova in corso",early_both_one:"Troppo presto: ancora circa {count} notte con e {without} senza",early_both_other:"Troppo presto: ancora circa {count} notti con e {without} senza",early_with_one:"Troppo presto: ancora circa {count} notte con questo fattore",early_with_other:"Troppo presto: ancora circa {count} notti con questo fattore",early_without_one:"Troppo presto: ancora circa {count} notte senza questo fattore",early_without_other:"Troppo presto: ancora circa {count} notti senza questo fattore",early:"Troppo presto per dirlo",on_nights:"Nelle notti con questo fattore: {change}.",no_difference_detail:"Le notti sono abbastanza, e differiscono troppo poco per contare.",too_few_periods_detail:"È stato annotato solo in uno o due periodi. Qualunque altro cambiamento di allora può esserne la ragione.",trial_running_detail:"Il confronto ricompare quando la prova è finita.",interval:"intervallo al {level} %: da {low} a {high}",nights:"Notti con / senza: {with} / {without}",together:"Annotato per lo più nelle stesse notti: {factors}. Non si può vedere quale di questi fattori conti.",less_with:"meno con il fattore",more_with:"più con il fattore",observed_note:"Queste notti non sono state sorteggiate, quindi una differenza non dice nulla sulla sua causa: forse fai un bagno proprio quando la serata va male. Su dieci cose che non cambiano nulla, circa una mostra una differenza per caso. Una prova personale mostra di più.",trial_title:"Prova personale: {factor}",plan_with:"Stanotte, con: {factor}",plan_without:"Stanotte, senza: {factor}",plan_washout:"Stanotte, senza: {factor}. Prima deve passare l'effetto delle ultime notti.",plan_later:"La prova comincia con la notte tra {from} e {to}.",trial_question:"{factor}: l'hai fatto nella notte tra {from} e {to}?",yes:"Sì",no:"No",trial_night:"Notte {night} di {nights}",trial_answered:"risposte: {count}",trial_note:"I risultati si vedono solo alla fine. Conoscerli prima potrebbe cambiare il tuo sonno e le tue risposte.",stop:"Interrompi la prova",stop_title:"Interrompere la prova?",stop_text:"La prova finisce definitivamente. Viene valutata con le notti trascorse, forse troppo poche. Una nuova prova riceve un nuovo piano.",results:"Risultati delle tue prove",trial_helped:"Probabilmente ha aiutato",trial_worse:"Probabilmente ha peggiorato le cose",trial_better_stopped:"Notti migliori con questo fattore, ma non dimostra nulla",trial_worse_stopped:"Notti peggiori con questo fattore, ma non dimostra nulla",trial_no_difference:"Nessuna differenza trovata",trial_too_few:"Troppo poche notti",trial_no_result:"Nessun risultato",trial_no_difference_detail:"Le notti con il fattore non sono state nettamente migliori o peggiori delle altre.",trial_too_few_detail:"Sono state misurate troppo poche notti per confrontarle.",trial_dates:"dal {from} al {to} · {outcome}",trial_stopped:"dal {from} al {to}, interrotta in anticipo · {outcome}",figures:"Cifre",trial_effect:"Effetto: {effect}",trial_p:"p = {p} (unilaterale, test di randomizzazione)",trial_early_look:"Conclusa all'analisi intermedia.",figures_note:"Confronto secondo il piano sorteggiato, qualunque cosa sia stata fatta. p: quanto spesso un piano sorteggiato mostrerebbe almeno questo effetto se non cambiasse nulla. Il risultato di una persona vale solo per lei.",try:"Prova qualcosa",try_intro:"Verifica se qualcosa ti aiuta: Limber sorteggia in quali notti farlo e in quali no, e alla fine le confronta.",try_button:"Prova qualcosa…",form_intro:"Il piano comincia al più tardi domani e dice ogni sera che cosa fare. Ogni mattina dici se l'hai fatto. Per un risultato la maggior parte delle notti deve essere misurata.",form_factor:"Che cosa provare",form_name:"Che cos'è?",form_weeks:"Per quanto tempo",form_outcome:"Che cosa osservare",form_medicine:"Non iniziare, interrompere o saltare mai un farmaco prescritto per una prova senza chiedere prima al medico.",form_early_look:"Fare un'analisi intermedia a metà, e finire prima se il risultato è chiaro",weeks_one:"{count} settimana",weeks_other:"{count} settimane",start:"Inizia la prova",cancel:"Annulla",start_title:"Iniziare questa prova?",start_text:"{factor}, {weeks}. Si osserva: {outcome}. Può esserci una sola prova alla volta, e il suo piano non si può cambiare.",diary:"Diario",ask_this_evening:"Quanto sono irrequiete le tue gambe stasera?",ask_last_evening:"Quanto erano irrequiete le tue gambe ieri sera?",no_symptoms:"0: per niente",worst_symptoms:"10: insopportabile",ask_sleep:"Come hai dormito? ({date})",slept_badly:"0: molto male",slept_well:"10: molto bene",ask_cramp:"Hai avuto un crampo in quella notte?",ask_pain:"Quanto era doloroso il crampo?",no_pain:"0: nessun dolore",worst_pain:"10: dolore massimo",nothing_logged:"Non c'è ancora nulla da confrontare. Annota quello che fai prima di dormire con l'azione «Annota un fattore», in un'automazione o a voce: questa scheda confronterà le notti con e senza.",bridge_too_old:"Aggiorna il bridge per confrontare le notti con e senza quello che annoti.",failed:"Non ha funzionato: {reason}",config_outcome:"«outcome» deve essere uno di questi: {outcomes}.",config_hide:"«hide» deve essere un elenco di «trial», «diary» e «effects»."},strategy:{name:"Limber",description:"Stanotte, la scorsa notte, l'andamento, che cosa aiuta e i sensori, per tutte le persone",tonight:"Stanotte",last_night:"La scorsa notte",trend:"Andamento",helps:"Che cosa aiuta",sensors:"Sensori",no_sleepers:"Nessuna persona è ancora configurata. Configura un bridge in **Impostazioni > Dispositivi e servizi** e aggiungi una persona alla sua configurazione.",caution:"Limber mostra tendenze e non è un dispositivo medico. Rivolgiti a un medico se i movimenti o i crampi sono frequenti, dolorosi o disturbano il sonno."},editor:{device:"Persona",title:"Titolo",title_help:"Lascia vuoto per quello abituale.",night:"Notte mostrata per prima",night_last:"La scorsa notte",night_tonight:"Stanotte",hide:"Parti da nascondere",hide_histogram:"Tempo da un movimento al successivo",hide_hours:"Movimenti all'ora",nights:"Periodo all'apertura",nights_7:"1 settimana",nights_30:"30 notti",nights_90:"3 mesi",nights_365:"1 anno",measure:"Misura all'apertura",measure_plm_index:"Movimenti periodici all'ora",measure_plms_index:"Movimenti periodici per ora di sonno",measure_movement_index:"Movimenti delle gambe all'ora",measure_movements:"Movimenti delle gambe per notte",measure_sleep_h:"Sonno (stimato)",measure_time_in_bed_h:"Tempo a letto",hide_cramps:"Crampi",hide_factors:"Che cosa è stato annotato",hide_diary:"Diario",hide_trial:"Prova personale",hide_effects:"Notti con e senza",hide_summary:"La notte a parole",outcome:"Confrontato per primo",outcome_plm_index:"Movimenti periodici all'ora",outcome_movement_index:"Movimenti delle gambe all'ora",outcome_cramp:"Notti con un crampo",outcome_sleep_h:"Sonno (stimato)",outcome_evening_symptoms:"Disturbi serali",outcome_sleep_quality:"Qualità del sonno",compact:"Compatta",compact_help:"Solo ciò che succede ora e il numero, su una riga.",log:"Pulsanti per annotare",log_help:"Ciò che fai o prendi prima di dormire. Ogni elemento scelto avrà un pulsante."}};var qr={common:{loading:"Laden…",offline:"De bridge is offline. Dit is wat hij het laatst heeft verstuurd.",no_sleepers:"In de configuratie van de bridge staat nog geen persoon.",choose_sleeper:"Er worden meerdere personen gevolgd: kies er een in de instellingen van deze kaart.",unknown_sleeper:"De gekozen persoon bestaat niet meer: kies een andere in de instellingen van deze kaart.",config_device:"‘device’ moet de ID van het apparaat van een persoon zijn.",error_not_found:"Limber is voor deze persoon niet ingesteld of start nog op.",error_unavailable:"De bridge is offline en hierover is niets bewaard.",error_unauthorized:"Je mag de gegevens van deze persoon niet zien. Vraag een beheerder om toegang.",error_unknown_command:"Limber is bijgewerkt. Herstart Home Assistant om de update af te ronden.",retry:"Opnieuw proberen",minutes:"{minutes} min",hours_minutes:"{hours} u {minutes} min",left:"Links",right:"Rechts",both:"Beide benen",stretching:"Rekken",magnesium:"Magnesium",alcohol:"Alcohol",caffeine:"Cafeïne",exercise:"Sporten",warm_bath:"Warm bad",water:"Water",medicine:"Medicijn",other:"Iets anders",error_no_night:"Die nacht bestaat niet."},night:{card_name:"Limber: nacht",card_description:"Eén nacht als tijdlijn: elke beenbeweging, reeksen, krampen en slaap",heading:"{name}: nacht",tonight:"Vannacht",previous:"Vorige nacht",next:"Volgende nacht",zoom_in:"Inzoomen",zoom_out:"Uitzoomen",zoom_all:"Hele nacht tonen",no_night:"Er is nog geen nacht geregistreerd. De eerste verschijnt hier zodra je bent opgestaan.",not_tonight:"Vannacht is er nog niets gemeten.",no_such_night:"Deze nacht bestaat niet.",not_measured:"In deze nacht is niets gemeten.",events_deleted:"De afzonderlijke bewegingen van deze nacht zijn verwijderd om ruimte vrij te maken op de bridge. De cijfers blijven bewaard.",unknown:"niet gemeten",fact_movements:"Beenbewegingen",fact_plm_index:"Periodieke per uur",fact_cramps:"Krampen",lane_left:"Linkerbeen",lane_right:"Rechterbeen",lane_unknown:"Benen",side_left:"Linkerbeen",side_right:"Rechterbeen",side_both:"Beide benen",side_unknown:"Beenbeweging",grade_1:"licht",grade_2:"matig",grade_3:"sterk",single:"niet in een reeks",not_periodic:"telt niet als periodiek",in_series_one:"in een reeks van {count} beweging",in_series_other:"in een reeks van {count} bewegingen",movements_one:"{count} beweging",movements_other:"{count} bewegingen",interval:"{interval} na de vorige",every:"gemiddeld elke {interval} één",gap_missed:"er kunnen bewegingen ontbreken",seconds:"{seconds} s",state_asleep:"In slaap (geschat)",state_awake:"Wakker in bed (geschat)",state_in_bed:"In bed",state_out:"Niet in bed",state_unknown:"Niets gedetecteerd",cramp_possible:"Mogelijke kramp",cramp_probable:"Waarschijnlijke kramp",cramp_reported:"Kramp die je hebt gemeld",cramp_confirmed:"Kramp",cramp_yes:"je hebt de kramp bevestigd",cramp_no:"volgens jou geen kramp",hint:"Wijs een markering aan of tik erop om te zien wat het is.",hint_keys:"Met pijl-links en pijl-rechts ga je van markering naar markering, met Page Up en Page Down naar de volgende kramp, het volgende ontwaken, de volgende reeks of onderbreking. Plus en min zoomen, Shift met een pijl verschuift het beeld, 0 toont de hele nacht.",timeline:"Tijdlijn van {start} tot {end}",legend:"Legenda",legend_movement:"Beenbeweging: hoe langer de balk, hoe sterker",legend_single:"Bleker: niet in een reeks",legend_both:"Beide benen tegelijk",legend_series:"Periodieke reeks",legend_periodic:"Periodieke reeks: bewegingen met regelmatige tussenpozen",legend_cramp:"Kramp",legend_denied:"Volgens jou geen kramp",legend_awakening:"Plotseling ontwaken",legend_factor:"Door jou genoteerd",legend_position:"Verandering van houding",legend_now:"Nu",legend_in_bed:"In bed",legend_asleep:"Slaap (geschat)",legend_gap:"Niet gemeten",logged:"Genoteerd",before:"{duration} voor het slapengaan",diary:"Dagboek",diary_evening:"Klachten in de avond: {value} van 10",diary_quality:"Slaapkwaliteit: {value} van 10",diary_cramp:"Kramp: ja",diary_pain:"Kramp: ja, pijn {value} van 10",diary_no_cramp:"Kramp: nee",histogram:"Tijd van de ene beweging tot de volgende",histogram_axis:"seconden",histogram_shaded:"10 tot 90 s",histogram_text:"{share} van de {intervals} tussenpozen duurt 10 tot 90 seconden (gekleurd vlak). Vier of meer bewegingen achter elkaar met zulke tussenpozen zijn een periodieke reeks. Tussenpozen waarin niet alles is gemeten, tellen niet mee.",histogram_none:"Er waren te weinig bewegingen om hun tussenpozen te tonen.",histogram_bin:"{from} tot {to} s: {count}",hours:"Bewegingen per uur",hours_series:"in een reeks",hours_other:"andere",hour:"{range}: {movements}, waarvan in een reeks: {periodic}",hour_unknown:"{range}: niet gemeten",hour_partly:"{minutes} min gemeten",table:"Krampen, reeksen en onderbrekingen van deze nacht",table_when:"Wanneer",table_what:"Wat",table_details:"Details",config_night:"‘night’ moet ‘last’ of ‘tonight’ zijn.",config_hide:"‘hide’ moet een lijst van ‘summary’, ‘hours’ en ‘histogram’ zijn."},trend:{card_name:"Limber: verloop",card_description:"Een week tot een jaar: wat voor jou gewoon is, wat je noteerde en de uren van de nacht",heading:"{name}: verloop",measure:"Meetwaarde",range:"Periode",slider:"Nachten, een voor een",plm_index:"Periodieke bewegingen per uur",plms_index:"Periodieke bewegingen per uur slaap",movement_index:"Beenbewegingen per uur",movements:"Beenbewegingen per nacht",sleep_h:"Slaap (geschat)",time_in_bed_h:"Tijd in bed",per_hour:"{value} per uur",plain:"{value}",nights_7:"1 week",nights_30:"30 nachten",nights_90:"3 maanden",nights_365:"1 jaar",short_7:"7 d",short_30:"30 d",short_90:"3 m",short_365:"1 j",last_week:"Mediaan van de laatste 7 nachten",less_than_usual:"Minder dan gewoonlijk",as_usual:"Zoals gewoonlijk",more_than_usual:"Meer dan gewoonlijk",usual:"Gewoonlijk: {median} (de helft van de nachten: {low} tot {high})",usual_unknown:"Er zijn nog te weinig nachten om te zeggen wat gewoon is.",too_few:"Van de laatste 7 nachten zijn er minder dan 3 gemeten: te weinig om te vergelijken.",summary:"{measure}: {measured} van {nights} nachten zijn gemeten.",summary_week:"De mediaan van de laatste 7 nachten is {value}.",summary_cramps:"Krampen in deze periode: {cramps}.",dates:"{from} tot en met {to}",not_measured:"niet gemeten",no_value:"deze meetwaarde is onbekend",median:"mediaan {value}",coverage:"{measured} van {nights} nachten gemeten",no_cramps:"geen krampen",cramps_one:"{count} kramp",cramps_other:"{count} krampen",evening_rating:"klachten in de avond {value} van 10",quality_rating:"slaapkwaliteit {value} van 10",trial:"Proef: {factor}",lane_cramps:"Krampen",more_factors:"Ook genoteerd: {factors}.",evening:"Klachten in de avond",quality:"Slaapkwaliteit",heat:"Bewegingen in elk uur van de nacht",key_night:"één nacht",key_week:"mediaan van een week, met de middelste helft van de nachten",key_usual:"gewoon voor jou: mediaan en middelste helft van de 30 nachten ervoor",key_unmeasured:"niet gemeten",open:"Nacht tonen",open_date:"Nacht tonen: {date}",close:"Sluiten",kept_back:"Wat je voor de proef noteert, staat hier pas als de proef voorbij is.",no_nights:"Er is nog geen nacht geregistreerd. Het verloop begint met de eerste.",nothing_measured:"Nog geen van deze nachten is gemeten.",config_nights:"‘nights’ moet 7, 30, 90 of 365 zijn.",config_measure:"‘measure’ moet een van deze zijn: {measures}.",config_hide:"‘hide’ moet een lijst zijn van ‘cramps’, ‘factors’, ‘diary’ en ‘hours’.",usual_short:"gewoonlijk {median} ({low} tot {high})"},tonight:{card_name:"Limber: vannacht",card_description:"Wat er nu gebeurt, en de sensoren",heading:"{name} vannacht",cramp:"Kramp sinds {time}",cramp_help:"Strek je been en trek je tenen naar je scheenbeen.",paused:"De meting is gepauzeerd",series:"Periodieke reeks sinds {time}",asleep:"Slaapt",awake:"In bed, wakker",in_bed:"In bed",out_of_bed:"Uit bed",not_connected:"Er is geen sensor verbonden",unknown:"Nog niet bekend of er iemand in bed ligt",movements:"Beenbewegingen",plm:"Periodiek",plm_index:"Periodiek per uur",cramps:"Krampen",not_measured:"Niet gemeten",since:"In bed sinds {time}",last_night:"Afgelopen nacht: {movements} beenbewegingen, {index} periodieke per uur",last_night_movements:"Afgelopen nacht: {movements} beenbewegingen",sensors:"Sensoren",pause:"Meting pauzeren",resume:"Meting hervatten",battery:"Batterij {percent}",battery_low:"Batterij bijna leeg: {percent}",sensor_ok:"Verbonden",sensor_off:"Geen verbinding",sensor_problem:"Controleer de sensor",sensor_not_worn:"Niet gedragen",sensor_strap_loose:"Band zit los",left_ankle:"Linkerenkel",right_ankle:"Rechterenkel",ankle:"Enkel",left_tibialis:"Linkerscheenbeen",right_tibialis:"Rechterscheenbeen",tibialis:"Scheenbeen",left_calf:"Linkerkuit",right_calf:"Rechterkuit",calf:"Kuit",bed:"Bed",compact_count_one:"{count} beweging",compact_count_other:"{count} bewegingen",config_compact:"‘compact’ moet true of false zijn.",log:"Noteren",log_new:"{factor} noteren",log_again:"{factor}, {time}. Opnieuw noteren",logged:"Genoteerd: {factor}, {time}",log_tried:"{factor} hoort bij je proef. De kaart ‘Wat helpt’ vraagt of je het hebt gedaan.",config_log:"‘log’ moet een lijst van deze waarden zijn: {factors}."},helps:{card_name:"Limber: wat helpt",card_description:"Je persoonlijke proef, je dagboek en de nachten met en zonder wat je noteerde",heading:"{name}: wat helpt",plm_index:"Periodieke bewegingen per uur",movement_index:"Beenbewegingen per uur",cramp:"Nachten met kramp",sleep_h:"Slaap (geschat)",evening_symptoms:"Klachten in de avond",sleep_quality:"Slaapkwaliteit",plm_index_lower:"ongeveer {value} minder periodieke bewegingen per uur",plm_index_higher:"ongeveer {value} meer periodieke bewegingen per uur",movement_index_lower:"ongeveer {value} minder beenbewegingen per uur",movement_index_higher:"ongeveer {value} meer beenbewegingen per uur",cramp_lower:"van 100 nachten ongeveer {value} minder met kramp",cramp_higher:"van 100 nachten ongeveer {value} meer met kramp",sleep_h_lower:"ongeveer {value} minder slaap",sleep_h_higher:"ongeveer {value} meer slaap",evening_symptoms_lower:"klachten in de avond ongeveer {value} van de 10 punten lager",evening_symptoms_higher:"klachten in de avond ongeveer {value} van de 10 punten hoger",sleep_quality_lower:"slaapkwaliteit ongeveer {value} van de 10 punten lager",sleep_quality_higher:"slaapkwaliteit ongeveer {value} van de 10 punten hoger",effects:"Nachten met en zonder",outcome:"Wat wordt vergeleken",likely_helps:"Helpt waarschijnlijk",one_likely_helps:"Helpt waarschijnlijk: dit, of wat in dezelfde nachten is genoteerd",nights_worse:"Slechtere nachten ermee",no_difference:"Geen verschil te zien",too_few_periods:"In te weinig perioden genoteerd",trial_running:"Proef loopt",early_both_one:"Te vroeg: nog ongeveer {count} nacht met en {without} zonder",early_both_other:"Te vroeg: nog ongeveer {count} nachten met en {without} zonder",early_with_one:"Te vroeg: nog ongeveer {count} nacht ermee",early_with_other:"Te vroeg: nog ongeveer {count} nachten ermee",early_without_one:"Te vroeg: nog ongeveer {count} nacht zonder",early_without_other:"Te vroeg: nog ongeveer {count} nachten zonder",early:"Nog te vroeg",on_nights:"In nachten ermee: {change}.",no_difference_detail:"Er zijn genoeg nachten, en ze verschillen te weinig om iets uit te maken.",too_few_periods_detail:"Het is maar in één of twee perioden genoteerd. Wat er toen verder veranderde, kan de reden zijn.",trial_running_detail:"De vergelijking verschijnt weer als de proef voorbij is.",interval:"{level}%-interval: {low} tot {high}",nights:"Nachten met / zonder: {with} / {without}",together:"Meestal in dezelfde nachten genoteerd: {factors}. Wat ervan telt, is niet te zien.",less_with:"minder ermee",more_with:"meer ermee",observed_note:"Deze nachten zijn niet door loting gekozen; een verschil zegt dus niets over de oorzaak. Misschien neem je een bad juist als de avond slecht is. Van tien dingen die niets veranderen, laat er ongeveer één door toeval een verschil zien. Een persoonlijke proef laat meer zien.",trial_title:"Persoonlijke proef: {factor}",plan_with:"Vannacht met: {factor}",plan_without:"Vannacht zonder: {factor}",plan_washout:"Vannacht zonder: {factor}. Eerst moet het effect van de laatste nachten wegebben.",plan_later:"De proef begint met de nacht van {from} op {to}.",trial_question:"{factor}: heb je het in de nacht van {from} op {to} gedaan?",yes:"Ja",no:"Nee",trial_night:"Nacht {night} van {nights}",trial_answered:"beantwoord: {count}",trial_note:"De resultaten komen pas aan het eind. Wie ze eerder kent, slaapt en antwoordt misschien anders.",stop:"Proef stoppen",stop_title:"Proef stoppen?",stop_text:"De proef stopt definitief. De nachten tot nu toe worden vergeleken; misschien zijn het er te weinig. Een nieuwe proef krijgt een nieuw plan.",results:"Resultaten van je proeven",trial_helped:"Heeft waarschijnlijk geholpen",trial_worse:"Heeft het waarschijnlijk erger gemaakt",trial_better_stopped:"Betere nachten ermee, maar geen bewijs",trial_worse_stopped:"Slechtere nachten ermee, maar geen bewijs",trial_no_difference:"Geen verschil gevonden",trial_too_few:"Te weinig nachten",trial_no_result:"Geen resultaat",trial_no_difference_detail:"De nachten ermee waren niet duidelijk beter of slechter dan de andere.",trial_too_few_detail:"Er zijn te weinig nachten gemeten om te vergelijken.",trial_dates:"{from} tot en met {to} · {outcome}",trial_stopped:"{from} tot en met {to}, voortijdig gestopt · {outcome}",figures:"Cijfers",trial_effect:"Effect: {effect}",trial_p:"p = {p} (eenzijdig, randomisatietoets)",trial_early_look:"Beëindigd na de tussentijdse analyse.",figures_note:"Vergeleken volgens het gelote plan, wat er ook is gedaan. p: hoe vaak een geloot plan minstens dit effect zou laten zien als het niets uitmaakt. Het resultaat van één persoon geldt alleen voor die persoon.",try:"Iets uitproberen",try_intro:"Test of iets jou helpt: Limber loot in welke nachten je het doet en in welke niet, en vergelijkt ze aan het eind.",try_button:"Iets uitproberen…",form_intro:"Het plan begint uiterlijk morgen en zegt elke avond wat je doet. Elke ochtend geef je aan of je het hebt gedaan. Voor een resultaat moeten de meeste nachten gemeten zijn.",form_factor:"Wat je uitprobeert",form_name:"Wat is het?",form_weeks:"Hoe lang",form_outcome:"Waar je op let",form_medicine:"Begin voor een proef nooit met een voorgeschreven medicijn, stop er niet mee en sla het niet over zonder het eerst je arts te vragen.",form_early_look:"Halverwege een tussentijdse analyse doen, en eerder stoppen als het resultaat duidelijk is",weeks_one:"{count} week",weeks_other:"{count} weken",start:"Proef starten",cancel:"Annuleren",start_title:"Deze proef starten?",start_text:"{factor}, {weeks}. Gelet wordt op: {outcome}. Er kan maar één proef tegelijk lopen, en het plan is niet te wijzigen.",diary:"Dagboek",ask_this_evening:"Hoe onrustig zijn je benen vanavond?",ask_last_evening:"Hoe onrustig waren je benen gisteravond?",no_symptoms:"0: helemaal niet",worst_symptoms:"10: ondraaglijk",ask_sleep:"Hoe goed heb je geslapen? ({date})",slept_badly:"0: heel slecht",slept_well:"10: heel goed",ask_cramp:"Had je in die nacht kramp?",ask_pain:"Hoe pijnlijk was de kramp?",no_pain:"0: geen pijn",worst_pain:"10: ergste pijn",nothing_logged:"Er valt nog niets te vergelijken. Noteer wat je voor het slapen doet met de actie ‘Factor noteren’, in een automatisering of met je stem: deze kaart vergelijkt dan de nachten met en zonder.",bridge_too_old:"Werk de bridge bij om nachten met en zonder wat je noteert te vergelijken.",failed:"Dat is niet gelukt: {reason}",config_outcome:"‘outcome’ moet een van deze zijn: {outcomes}.",config_hide:"‘hide’ moet een lijst zijn van ‘trial’, ‘diary’ en ‘effects’."},strategy:{name:"Limber",description:"Vannacht, afgelopen nacht, verloop, wat helpt en sensoren, voor iedereen die Limber volgt",tonight:"Vannacht",last_night:"Afgelopen nacht",trend:"Verloop",helps:"Wat helpt",sensors:"Sensoren",no_sleepers:"Limber volgt nog niemand. Stel een bridge in onder **Instellingen > Apparaten & diensten** en voeg een persoon toe aan de configuratie ervan.",caution:"Limber toont trends en is geen medisch hulpmiddel. Ga naar een arts als bewegingen of krampen vaak voorkomen, pijn doen of je slaap verstoren."},editor:{device:"Persoon",title:"Kop",title_help:"Laat leeg voor de gebruikelijke.",night:"Nacht die eerst wordt getoond",night_last:"Afgelopen nacht",night_tonight:"Vannacht",hide:"Verborgen onderdelen",hide_histogram:"Tijd van de ene beweging tot de volgende",hide_hours:"Bewegingen per uur",nights:"Periode bij het openen",nights_7:"1 week",nights_30:"30 nachten",nights_90:"3 maanden",nights_365:"1 jaar",measure:"Meetwaarde bij het openen",measure_plm_index:"Periodieke bewegingen per uur",measure_plms_index:"Periodieke bewegingen per uur slaap",measure_movement_index:"Beenbewegingen per uur",measure_movements:"Beenbewegingen per nacht",measure_sleep_h:"Slaap (geschat)",measure_time_in_bed_h:"Tijd in bed",hide_cramps:"Krampen",hide_factors:"Wat is genoteerd",hide_diary:"Dagboek",hide_trial:"Persoonlijke proef",hide_effects:"Nachten met en zonder",hide_summary:"De nacht in woorden",outcome:"Eerst vergeleken",outcome_plm_index:"Periodieke bewegingen per uur",outcome_movement_index:"Beenbewegingen per uur",outcome_cramp:"Nachten met kramp",outcome_sleep_h:"Slaap (geschat)",outcome_evening_symptoms:"Klachten in de avond",outcome_sleep_quality:"Slaapkwaliteit",compact:"Compact",compact_help:"Alleen wat er nu gebeurt en het aantal, op één regel.",log:"Knoppen om te noteren",log_help:"Wat je voor het slapen doet of inneemt. Wat je kiest, krijgt een knop."}};var ts={en:we,de:Rr,fr:Dr,es:Pr,nl:qr,it:Or},ns=864e5,Hr={language:"en",number_format:"language",time_format:"language"},rs={comma_decimal:["en-US","en"],decimal_comma:["de","es","it"],space_comma:["fr","sv","cs"],quote_decimal:["de-CH"]};function is(){return document.documentElement.lang||navigator.language||"en"}var xe=class{constructor(e=Hr){this.locale=e;this.formats=new Map;let[t="en"]=e.language.split("-");this.texts=ts[t]??we,this.plurals=new Intl.PluralRules(this.texts===we?"en":e.language)}get language(){return this.texts===we?"en":this.locale.language}text(e,t={}){return xn(this.lookUp(e)??e,t)}code(e,t,r={}){return xn(this.lookUp(`${e}.${t}`)??t,r)}has(e,t){return this.lookUp(`${e}.${t}`)!==void 0}count(e,t,r={}){let o=this.lookUp(`${e}_${this.plurals.select(t)}`)??this.lookUp(`${e}_other`)??e;return xn(o,{count:this.number(t),...r})}number(e,t=0,r=!1){let i={maximumFractionDigits:t,minimumFractionDigits:r?t:0,useGrouping:this.locale.number_format!=="none"};return this.format(`number ${t} ${r}`,()=>new Intl.NumberFormat(this.numberLocale(),i)).format(e)}percent(e){return this.format("percent",()=>new Intl.NumberFormat(this.numberLocale(),{style:"percent"})).format(e/100)}time(e,t,r=!1){return this.dateTime(e,t,{...this.hourFormat(),minute:"2-digit",...r?{second:"2-digit"}:{}})}hour(e,t){return this.dateTime(e,t,this.hourFormat())}clockHour(e){return this.hour(e*3600,"UTC")}date(e,t={weekday:"short",month:"short",day:"numeric"}){return this.dateTime(Date.parse(`${e}T12:00:00Z`)/1e3,"UTC",t)}nightDates(e){let t=new Date(Date.parse(e)-ns).toISOString().slice(0,10);return{from:this.date(t),to:this.date(e)}}duration(e){let t=Math.round(Math.round(e*1e6)/6e7),r={hours:this.number(Math.floor(t/60)),minutes:t%60};return t<60?this.text("common.minutes",r):this.text("common.hours_minutes",r)}list(e){return new Intl.ListFormat(this.language,{type:"conjunction"}).format(e)}dateTime(e,t,r){let i=`${t} ${JSON.stringify(r)}`;return this.format(i,()=>new Intl.DateTimeFormat(this.timeLocale(),{timeZone:t,...r})).format(e*1e3)}format(e,t){let r=this.formats.get(e);if(r!==void 0)return r;let i=t();return this.formats.set(e,i),i}hourFormat(){return this.amPm??=this.hasAmPm(),this.amPm?{hour:"numeric",hourCycle:"h12"}:{hour:"2-digit",hourCycle:"h23"}}hasAmPm(){let{time_format:e}=this.locale;return e==="12"||e==="24"?e==="12":new Intl.DateTimeFormat(this.timeLocale(),{hour:"numeric"}).resolvedOptions().hour12??!1}timeLocale(){return this.locale.time_format==="system"?void 0:this.language}numberLocale(){if(this.locale.number_format!=="system")return rs[this.locale.number_format]??this.locale.language}lookUp(e){let t=e.indexOf("."),[r,i]=[e.slice(0,t),e.slice(t+1)],o=we;return this.texts[r]?.[i]??o[r]?.[i]}},wn;function me(n){return wn?.locale!==n&&(wn=new xe(n)),wn}function y(){return new xe({...Hr,language:is()})}function xn(n,e){return n.replace(/\{(\w+)\}/g,(t,r)=>String(e[r]??t))}var ke=$`
  :host {
    --limber-left: var(--limber-left-color, #0b6bb0);
    --limber-right: var(--limber-right-color, #c2571a);
    --limber-both: var(--limber-both-color, #6a3fa0);
    --limber-unknown: var(--limber-unknown-color, #5f6b76);
    --limber-in-bed: var(--limber-in-bed-color, #dfe8f1);
    --limber-asleep: var(--limber-asleep-color, #6a97cb);
    --limber-series: var(--limber-series-color, #00796b);
    --limber-cramp: var(--limber-cramp-color, #c4162a);
    --limber-awakening: var(--limber-awakening-color, #a86400);
    --limber-factor: var(--limber-factor-color, #1b7f4d);
    --limber-gap: var(--limber-gap-color, #767676);
    --limber-position: var(--limber-position-color, #5f6b76);
    --limber-heat-low: var(--limber-heat-low-color, #e3eef8);
    --limber-heat-high: var(--limber-heat-high-color, #08417a);
    --limber-text: var(--primary-text-color, #141414);
    --limber-muted: var(--secondary-text-color, #5e5e5e);
    --limber-line: var(--divider-color, rgba(0, 0, 0, 0.12));
    --limber-surface: var(--ha-card-background, var(--card-background-color, #fff));
  }
  :host([dark]) {
    --limber-left: var(--limber-left-color, #6cb8f5);
    --limber-right: var(--limber-right-color, #f2914a);
    --limber-both: var(--limber-both-color, #c2a1f0);
    --limber-unknown: var(--limber-unknown-color, #a3aeb8);
    --limber-in-bed: var(--limber-in-bed-color, #25303b);
    --limber-asleep: var(--limber-asleep-color, #5a82aa);
    --limber-series: var(--limber-series-color, #4dc4b3);
    --limber-cramp: var(--limber-cramp-color, #ff7a85);
    --limber-awakening: var(--limber-awakening-color, #f0b429);
    --limber-factor: var(--limber-factor-color, #5fd39a);
    --limber-gap: var(--limber-gap-color, #8e8e8e);
    --limber-position: var(--limber-position-color, #a3aeb8);
    --limber-heat-low: var(--limber-heat-low-color, #1d2b38);
    --limber-heat-high: var(--limber-heat-high-color, #8fd0ff);
    --limber-text: var(--primary-text-color, #e1e1e1);
    --limber-muted: var(--secondary-text-color, #9b9b9b);
    --limber-line: var(--divider-color, rgba(225, 225, 225, 0.12));
    --limber-surface: var(--ha-card-background, var(--card-background-color, #1c1c1c));
  }
`,Q=$`
  :host {
    display: block;
  }
  ha-card {
    height: 100%;
    box-sizing: border-box;
    overflow: hidden;
  }
  .header {
    display: flex;
    align-items: center;
    gap: 8px;
    padding: 12px 16px 0;
  }
  .header h2 {
    margin: 0;
    flex: 1;
    min-width: 0;
    font-size: var(--ha-font-size-l, 16px);
    font-weight: var(--ha-font-weight-medium, 500);
    line-height: 1.5;
    color: var(--limber-text);
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .body {
    padding: 8px 16px 16px;
    color: var(--limber-text);
  }
  .message {
    padding: 16px;
    color: var(--limber-muted);
  }
  .message.problem {
    color: var(--limber-text);
    border-inline-start: 4px solid var(--error-color, #db4437);
  }
  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  button {
    font: inherit;
    color: inherit;
  }
  :focus-visible {
    outline: 2px solid var(--primary-color, #009ac7);
    outline-offset: 2px;
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      animation: none !important;
      transition: none !important;
    }
  }
`;function jr(n,...e){let t=getComputedStyle(n),r=e.map(i=>[i,t.getPropertyValue(i).trim()]);return Object.fromEntries(r)}var os={not_found:"common.error_not_found",no_night:"common.error_no_night",unavailable:"common.error_unavailable",unauthorized:"common.error_unauthorized",unknown_command:"common.error_unknown_command"},x=class extends C{constructor(){super(...arguments);this.dark=!1}static{this.styles=[ke,Q]}get hasHeader(){return!0}renderActions(t,r){return c}setConfig(t){if(t.device!==void 0&&typeof t.device!="string")throw new Error(y().text("common.config_device"));this.checkConfig(t),this.config=t}checkConfig(t){}connectedCallback(){super.connectedCallback(),this.requestUpdate()}disconnectedCallback(){super.disconnectedCallback(),this.stopWatching()}shouldUpdate(t){if(t.size>1||!t.has("hass"))return!0;let r=t.get("hass");return r===void 0||this.hass===void 0||this.isAffected(r,this.hass)}isAffected(t,r){return t.locale!==r.locale||t.themes!==r.themes||t.devices!==r.devices||t.entities!==r.entities||t.connection!==r.connection}willUpdate(t){this.dark=this.hass?.themes.darkMode??!1,this.watch()}get texts(){return this.hass===void 0?new xe:me(this.hass.locale)}render(){if(this.hass===void 0||this.config===void 0)return c;let t=ce(this.hass.devices,this.config.device);if("problem"in t)return this.frame(void 0,this.renderProblem(this.texts.text(`common.${t.problem}`)));let{sleeper:r}=t;if(this.tonight===void 0){let i=this.error===void 0?this.renderLoading():this.renderError(this.error);return this.frame(r,i)}return this.frame(r,this.renderCard(r,this.tonight),this.renderActions(r,this.tonight))}renderLoading(){return u`<div class="message" role="status">${this.texts.text("common.loading")}</div>`}renderError(t){let r=os[t.code];return this.renderProblem(r===void 0?t.message:this.texts.text(r))}renderProblem(t){return u`<div class="message problem" role="alert">${t}</div>`}renderOffline(t){return t.online?c:u`<div class="message" role="status">${this.texts.text("common.offline")}</div>`}frame(t,r,i){let o=this.texts.text(this.heading,{name:t?.name??""}).trim(),a=this.config?.title??o;return u`<ha-card>
      <section aria-label=${a||o}>
        ${a===""||!this.hasHeader?c:u`<div class="header"><h2>${a}</h2>${i??c}</div>`}
        ${r}
      </section>
    </ha-card>`}watch(){let{hass:t,config:r}=this;if(t===void 0||r===void 0||!this.isConnected)return;let i=ce(t.devices,r.device),o="sleeper"in i?i.sleeper.device:void 0,{connection:a}=t;if(this.watched?.device===o&&this.watched?.connection===a||(this.stopWatching(),this.tonight=void 0,this.error=void 0,o===void 0))return;let s=Mr(a,o,{onData:l=>{this.tonight=l,this.error=void 0},onError:l=>{this.error=l,this.tonight=void 0}});this.watched={device:o,connection:a,end:s}}stopWatching(){this.watched?.end(),this.watched=void 0}};f([w({attribute:!1})],x.prototype,"hass",2),f([w({type:Boolean,reflect:!0})],x.prototype,"dark",2),f([v()],x.prototype,"config",2),f([v()],x.prototype,"tonight",2),f([v()],x.prototype,"error",2);var as=[{name:"device",required:!0,selector:{device:{filter:[{integration:"limber",model:"Sleeper"}]}}},{name:"title",selector:{text:{}}}];function X(n=[]){return{schema:[...as,...n],computeLabel:({name:e})=>y().code("editor",e),computeHelper:({name:e})=>{let t=y();return t.has("editor",`${e}_help`)?t.code("editor",`${e}_help`):void 0}}}function P(n,e,t=!1,r=(i,o)=>i.code("editor",`${n}_${o}`)){return{name:n,selector:{select:{multiple:t,mode:t?"list":"dropdown",options:e.map(i=>({value:i,get label(){return r(y(),i)}}))}}}}function Ir(n){return{name:n,selector:{boolean:{}}}}var J=class{constructor(e){this.host=e;this.loading=!1;e.addController(this)}hostDisconnected(){(this.loading||this.error!==void 0)&&(this.key=void 0)}load(e,t){e!==this.key&&(this.key=e,this.loading=!0,this.run(e,t))}retry(){this.key=void 0,this.host.requestUpdate()}async run(e,t){let r,i;try{r=await t()}catch(o){i=o}e===this.key&&(this.loading=!1,this.error=i,i===void 0&&(this.value=r,this.loadedKey=e),this.host.requestUpdate())}};var $e=class extends J{loadLast(e,t,r,i){if(t===void 0||r===void 0||i===void 0)return;let o=ce(t.devices,r.device);if(!("sleeper"in o))return;let{device:a}=o.sleeper,s=ue(i);this.load(JSON.stringify([a,e,s]),()=>Er(t,a,e,s))}get reach(){return this.loadedKey===void 0?0:Number(JSON.parse(this.loadedKey)[1])}dataOf(e){return this.loadedKey?.startsWith(`[${JSON.stringify(e)},`)??!1?this.value:void 0}renderRetry(e){return u`<div class="retry">
      <button @click=${()=>this.retry()}>${e.text("common.retry")}</button>
    </div>`}};var ss=Array.from({length:11},(n,e)=>e);function vt(n){return u`<div class="rating" role="group" aria-label=${n.question}>
    <p class="question" dir="auto">${n.question}</p>
    <div class="values">
      ${ss.map(e=>u`<button
            aria-pressed=${e===n.value?"true":"false"}
            ?disabled=${n.disabled}
            @click=${()=>n.choose(e===n.value?null:e)}
          >
            ${e}
          </button>`)}
    </div>
    <p class="ends"><span dir="auto">${n.lowest}</span><span dir="auto">${n.highest}</span></p>
  </div>`}function Br(n){let e=(t,r)=>u`<button
      aria-pressed=${t===n.value?"true":"false"}
      ?disabled=${n.disabled}
      @click=${()=>n.choose(t===n.value?null:t)}
    >
      ${r}
    </button>`;return u`<div class="rating" role="group" aria-label=${n.question}>
    <p class="question" dir="auto">${n.question}</p>
    <div class="values two">${e(!0,n.yes)}${e(!1,n.no)}</div>
  </div>`}function Ur(n){let{tonight:e,last_night:t}=n.diary,r=e.night!==t.night,i=[ls(n,r),ds(n)];return u`<section class="part" aria-label=${n.texts.text("helps.diary")}>
    <h3>${n.texts.text("helps.diary")}</h3>
    ${r?i:i.reverse()}
  </section>`}function ls({texts:n,diary:e,disabled:t,write:r},i){let{night:o,evening_symptoms:a}=e.tonight;return vt({question:n.text(i?"helps.ask_this_evening":"helps.ask_last_evening"),lowest:n.text("helps.no_symptoms"),highest:n.text("helps.worst_symptoms"),value:a,disabled:t,choose:s=>r(o,{evening_symptoms:s})})}function ds({texts:n,diary:e,disabled:t,write:r}){let{night:i,sleep_quality:o,cramp:a,cramp_pain:s}=e.last_night;return u`${vt({question:n.text("helps.ask_sleep",{date:n.date(i)}),lowest:n.text("helps.slept_badly"),highest:n.text("helps.slept_well"),value:o,disabled:t,choose:l=>r(i,{sleep_quality:l})})}
  ${Br({question:n.text("helps.ask_cramp"),yes:n.text("helps.yes"),no:n.text("helps.no"),value:a,disabled:t,choose:l=>r(i,{cramp:l})})}
  ${a===!0?vt({question:n.text("helps.ask_pain"),lowest:n.text("helps.no_pain"),highest:n.text("helps.worst_pain"),value:s,disabled:t,choose:l=>r(i,{cramp_pain:l})}):c}`}function Ge(n){return n.factor==="other"&&n.name!==null?n.name.split(/\s+/).filter(Boolean).join(" ").toLowerCase():n.factor}function Vr(n,e){return n.flatMap(r=>{let i=r.stopped??r.end,o=e.flatMap(({date:l},d)=>l>=r.start&&l<=i?[d]:[]),[a]=o,s=o.at(-1);return a===void 0||s===void 0?[]:[{trial:r,start:a,end:s+1}]}).sort((r,i)=>r.start-i.start)}function kn(n,e){return n.some(t=>t.status==="running"&&Ge(t)===e)}function Wr(n,e,t){return kn(n.filter(({start:r})=>e>=r),t)}var Fr=(n,e)=>n.percent(Math.round(e*100)),Gr=(n,e)=>n.number(e,1),us=(n,e)=>n.number(Math.round(e*100)),cs=(n,e)=>n.duration(e*3600),he=[{name:"plm_index",label:"helps.plm_index",better:"lower",changes:{lower:"helps.plm_index_lower",higher:"helps.plm_index_higher"},reach:.6,amount:Fr},{name:"movement_index",label:"helps.movement_index",better:"lower",changes:{lower:"helps.movement_index_lower",higher:"helps.movement_index_higher"},reach:.6,amount:Fr},{name:"cramp",label:"helps.cramp",better:"lower",changes:{lower:"helps.cramp_lower",higher:"helps.cramp_higher"},reach:.4,amount:us},{name:"sleep_h",label:"helps.sleep_h",better:"higher",changes:{lower:"helps.sleep_h_lower",higher:"helps.sleep_h_higher"},reach:1,amount:cs},{name:"evening_symptoms",label:"helps.evening_symptoms",better:"lower",changes:{lower:"helps.evening_symptoms_lower",higher:"helps.evening_symptoms_higher"},reach:4,amount:Gr},{name:"sleep_quality",label:"helps.sleep_quality",better:"higher",changes:{lower:"helps.sleep_quality_lower",higher:"helps.sleep_quality_higher"},reach:4,amount:Gr}],Ke=he.map(({name:n})=>n);function Te(n){return he.find(e=>e.name===n)}function yt(n,e,t){let r=e.amount(n,Math.abs(t));return r===e.amount(n,0)?r:t<0?`−${r}`:`+${r}`}var Kr=["better","worse","no_difference","too_few_periods","too_early","kept_back"];function Zr(n){return he.filter(({name:e})=>n.some(({outcome:t})=>t===e))}function Qr(n,e,t){return n.filter(i=>i.outcome===e.name).map(i=>({effect:i,finding:ms(i,e,t)})).sort((i,o)=>Kr.indexOf(i.finding)-Kr.indexOf(o.finding)||o.effect.nights_with-i.effect.nights_with)}function ms(n,e,t){if(kn(t,n.factor))return"kept_back";switch(n.verdict){case"lower":case"higher":return n.verdict===e.better?"better":"worse";case"no_difference":case"too_few_periods":return n.verdict;default:return"too_early"}}function wt({effect:n,finding:e}){return(e==="better"||e==="worse"||e==="no_difference")&&n.effect!==null}function Xr(n,e){let t=e.filter(wt).flatMap(({effect:r})=>[r.effect,r.low,r.high]).map(r=>Math.abs(r??0));return Math.max(n.reach,...t)*1.05}function hs(n){return Math.round(Date.parse(n)/864e5)}function ps(n){return new Date(n*864e5).toISOString().slice(0,10)}function q(n){return n.row!==null&&n.row.m!==null}function Ze(n){return n.begun&&!q(n)}function xt(n,e){return n.row?.m?.[e]??null}function Jr(n,e,t){let r=gs(e-43200,t),i=n.findLast(o=>o.m!==null)?.n??r;return i>r?i:r}function Yr(n,e,t){let r=new Map(n.map(a=>[a.n,a])),i=hs(e)-t+1,o=n[0]?.n;return Array.from({length:t},(a,s)=>{let l=ps(i+s);return{date:l,row:r.get(l)??null,begun:o!==void 0&&l>=o}})}function ei(n){let e=[];return n.forEach((t,r)=>{if(!Ze(t))return;let i=e.at(-1);i?.[1]===r?i[1]=r+1:e.push([r,r+1])}),e}function gs(n,e){let t=new Intl.DateTimeFormat("en-US",{timeZone:e,year:"numeric",month:"2-digit",day:"2-digit"}).formatToParts(n*1e3),r=i=>t.find(o=>o.type===i)?.value??"";return`${r("year")}-${r("month")}-${r("day")}`}function Qe(n,e){let t=(n.length-1)*e,r=n[Math.floor(t)]??Number.NaN,i=n[Math.ceil(t)]??Number.NaN;return r+(i-r)*(t-Math.floor(t))}function pe(n){return n.filter(e=>e!==null)}function kt(n){return n.length===0?null:n.reduce((e,t)=>e+t,0)/n.length}function Xe(n,e){let t=pe(n).sort((r,i)=>r-i);return t.length<Math.max(1,e)?null:{median:Qe(t,.5),low:Qe(t,.25),high:Qe(t,.75)}}function $n(n){return n.map((e,t)=>{let r=n.slice(Math.max(0,t-30),t);return Xe(r,5)})}var fs=3.4,_s=7;function ti(n,e){return e/n<fs?_s:1}function ni(n,e){let t=Math.max(1,Math.floor(n.length/e));return Array.from({length:t},(r,i)=>{let o=n.length-(t-1-i)*e,a=i===0?0:o-e;return{start:a,end:o,nights:n.slice(a,o)}})}function $t(n){return n.nights.filter(q).length}function ri(n,e){return Xe(n.nights.map(t=>xt(t,e)),1)}function ii(n){let e=pe(n.nights.map(bs));return e.length===0?null:e.reduce((t,r)=>t+r,0)}function oi(n){let e=t=>kt(pe(n.nights.map(r=>r.row?.d?.[t]??null)));return{evening:e(0),quality:e(1)}}function bs(n){let e=n.row?.c??null,t=n.row?.d?.[2]??null;return e===null?t:Math.max(e,t??0)}var ai=6;function Tn(n,e){return(n.row?.f??[]).filter(r=>!Wr(e,n.date,r))}function si(n,e){let t=new Map,r=new Map;n.forEach((o,a)=>{for(let s of o.nights)for(let l of new Set(Tn(s,e))){let d=t.get(l)??n.map(()=>0);d[a]=(d[a]??0)+1/o.nights.length,t.set(l,d),r.set(l,(r.get(l)??0)+1)}});let i=[...t].map(([o,a])=>({factor:o,nights:r.get(o)??0,shares:a}));return i.sort((o,a)=>a.nights-o.nights||o.factor.localeCompare(a.factor)),{lanes:i.slice(0,ai),others:i.slice(ai).map(o=>o.factor)}}var li=[{name:"plm_index",label:"trend.plm_index",unit:"trend.per_hour",digits:1},{name:"plms_index",label:"trend.plms_index",unit:"trend.per_hour",digits:1},{name:"movement_index",label:"trend.movement_index",unit:"trend.per_hour",digits:1},{name:"movements",label:"trend.movements",unit:"trend.plain",digits:0},{name:"sleep_h",label:"trend.sleep_h",unit:void 0,digits:1},{name:"time_in_bed_h",label:"trend.time_in_bed_h",unit:void 0,digits:1}],Je=li.map(({name:n})=>n);function Sn(n){return li.filter(({name:e})=>n.some(t=>(t.m?.[e]??null)!==null))}function di(n,e){let t=Sn(n);return t.find(({name:r})=>r===e)??t[0]}function Ye(n,e,t){let r=Nn(n,e,t);return e.unit===void 0?r:n.text(e.unit,{value:r})}function Nn(n,e,t){return e.unit===void 0?n.duration(t*3600):n.number(t,e.digits,!0)}var vs={less:"trend.less_than_usual",as_usual:"trend.as_usual",more:"trend.more_than_usual"};function T(n,e){return n.code("common",e)}function Mn(n,e){return n.text("trend.trial",{factor:T(n,Ge(e))})}function En(n,e){return e.verdict===null?void 0:n.text(vs[e.verdict])}function Tt(n,e,t,r="trend.usual"){let i=o=>Nn(n,e,o);return n.text(r,{median:i(t.median),low:i(t.low),high:i(t.high)})}function ui(n,e){let{measure:t,comparison:r,cramps:i}=e,o=[n.text("trend.summary",{measure:n.text(t.label),measured:n.number(e.measured),nights:n.number(e.begun)})];if(r!==null){o.push(n.text("trend.summary_week",{value:Ye(n,t,r.recent)}));let s=En(n,r);s!==void 0&&o.push(`${s}.`),r.usual!==null&&o.push(`${Tt(n,t,r.usual)}.`)}let a=i.reduce((s,l)=>s+(l??0),0);return o.push(n.text("trend.summary_cramps",{cramps:n.number(a)})),o.join(" ")}function An(n,e){let[t,r]=[e.nights[0]?.date??"",e.nights.at(-1)?.date??""];if(t===r)return n.date(t);let i={day:"numeric",month:"short"};return n.text("trend.dates",{from:n.date(t,i),to:n.date(r,i)})}function Cn(n,e,t){let r=e.columns[t],i=e.values[t]??null;if(r===void 0||$t(r)===0)return n.text("trend.not_measured");if(i===null)return n.text("trend.no_value");let o=Ye(n,e.measure,i.median);return r.nights.length===1?o:n.text("trend.median",{value:o})}function zn(n,e,t){let r=e.columns[t];return r===void 0?[]:[ys(n,r),ws(n,e,r),xs(n,e.cramps[t]??null),ks(n,e,r),...$s(n,e,t),Ts(n,e,r)].filter(i=>i!==void 0)}function ci(n,e,t){let r=e.columns[t];if(r===void 0)return"";let i=Cn(n,e,t);return[An(n,r),i,...zn(n,e,t)].join(", ")}function ys(n,e){let t=e.nights.filter(q).length;if(!(e.nights.length===1||t===0||t===e.nights.length))return n.text("trend.coverage",{measured:t,nights:e.nights.length})}function ws(n,e,t){let r=e.usual[t.end-1]??null;if(r!==null)return Tt(n,e.measure,r,"trend.usual_short")}function xs(n,e){if(e!==null)return e===0?n.text("trend.no_cramps"):n.count("trend.cramps",e)}function ks(n,e,t){let r=new Set(t.nights.flatMap(i=>Tn(i,e.trials)));if(r.size!==0)return n.list([...r].map(i=>T(n,i)))}function $s(n,e,t){let{evening:r=null,quality:i=null}=e.ratings[t]??{};return[["trend.evening_rating",r],["trend.quality_rating",i]].flatMap(([a,s])=>s===null?[]:[n.text(a,{value:n.number(s,1)})])}function Ts(n,e,t){let r=e.periods.find(({start:i,end:o})=>i<t.end&&o>t.start);return r===void 0?void 0:Mn(n,r.trial)}var Ss={better:"helps.likely_helps",worse:"helps.nights_worse",no_difference:"helps.no_difference",too_few_periods:"helps.too_few_periods",kept_back:"helps.trial_running"};function mi(n,{effect:e,finding:t}){if(t==="too_early")return Ns(n,e);let r=t==="better"&&e.together_with.length>0;return n.text(r?"helps.one_likely_helps":Ss[t])}function Ns(n,{more_with:e,more_without:t}){if(e>0&&t>0){let r={without:n.number(t)};return n.count("helps.early_both",e,r)}return e>0?n.count("helps.early_with",e):t>0?n.count("helps.early_without",t):n.text("helps.early")}function hi(n,e,t){let{effect:r,finding:i}=t;switch(i){case"better":case"worse":return n.text("helps.on_nights",{change:pi(n,e,r.effect??0)});case"no_difference":return n.text("helps.no_difference_detail");case"too_few_periods":return n.text("helps.too_few_periods_detail");case"kept_back":return n.text("helps.trial_running_detail");case"too_early":return}}function pi(n,e,t){let r=e.changes[t<0?"lower":"higher"];return n.text(r,{value:e.amount(n,Math.abs(t))})}var Ms=90;function Ln(n,e,{low:t,high:r},i=Ms){if(!(t===null||r===null))return n.text("helps.interval",{level:n.number(i),low:yt(n,e,t),high:yt(n,e,r)})}function Rn(n,e){return n.text("helps.nights",{with:n.number(e.nights_with),without:n.number(e.nights_without)})}function gi(n,{together_with:e}){if(e.length===0)return;let t=n.list(e.map(r=>T(n,r)));return n.text("helps.together",{factors:t})}function Es(n,e){return e.at_early_look?98:n.early_look?94:92}function St(n,e){switch(e.verdict){case"lower":case"higher":return e.verdict===n.better?"better":"worse";case"no_difference":return"no_difference";case"too_few":return"too_early"}}var fi={better:"helps.trial_helped",worse:"helps.trial_worse",no_difference:"helps.trial_no_difference",too_early:"helps.trial_too_few",too_few_periods:"helps.trial_too_few"},As={...fi,better:"helps.trial_better_stopped",worse:"helps.trial_worse_stopped"};function _i(n,e,t,r){let i=t.status==="stopped"?As:fi;return n.text(i[St(e,r)])}function bi(n,e,t){let r=St(e,t);return r==="too_early"?n.text("helps.trial_too_few_detail"):t.effect===null||r==="no_difference"?n.text("helps.trial_no_difference_detail"):n.text("helps.on_nights",{change:pi(n,e,t.effect)})}function vi(n,e,t,r){let{effect:i,p:o}=r;return[i===null?void 0:n.text("helps.trial_effect",{effect:yt(n,e,i)}),Ln(n,e,r,Es(t,r)),o===null?void 0:n.text("helps.trial_p",{p:n.number(o,3)}),Rn(n,r),r.at_early_look?n.text("helps.trial_early_look"):void 0].filter(s=>s!==void 0)}function et(n,e){return e.factor==="other"?e.name??T(n,"other"):T(n,e.factor)}function yi(n,e){let t={day:"numeric",month:"short",year:"numeric"},r=Te(e.outcome);return n.text(e.status==="stopped"?"helps.trial_stopped":"helps.trial_dates",{from:n.date(e.start,t),to:n.date(e.stopped??e.end,t),outcome:r===void 0?e.outcome:n.text(r.label)})}var Nt=200,tt=16;function wi(n){let{texts:e,outcome:t,rows:r}=n,i=Xr(t,r);return u`<section class="part" aria-label=${e.text("helps.effects")}>
    <h3>${e.text("helps.effects")}</h3>
    ${Cs(n)}
    ${r.some(wt)?zs(e):c}
    <ul class="effects">
      ${r.map(o=>Ls(n,o,i))}
    </ul>
    <p class="note"><span dir="auto">${e.text("helps.observed_note")}</span></p>
  </section>`}function Cs({texts:n,outcomes:e,outcome:t,chooseOutcome:r}){let i=o=>r(o.target.value);return u`<label class="field"
    ><span>${n.text("helps.outcome")}</span>
    <select @change=${i}>
      ${e.map(({name:o,label:a})=>u`<option value=${o} ?selected=${o===t.name}>${n.text(a)}</option>`)}
    </select>
  </label>`}function zs(n){return u`<p class="directions" aria-hidden="true">
    <span>← ${n.text("helps.less_with")}</span><span>${n.text("helps.more_with")} →</span>
  </p>`}function Ls({texts:n,outcome:e},t,r){let{effect:i,finding:o}=t,a=wt(t),s=a?Ln(n,e,i):void 0,l=[hi(n,e,t),gi(n,i)],d=o==="kept_back"?void 0:Rn(n,i);return u`<li class=${o}>
    <p class="what">
      <strong dir="auto">${T(n,i.factor)}</strong>
      <span class="finding" dir="auto">${mi(n,t)}</span>
    </p>
    ${a?Rs(i,r):c}
    ${l.map(h=>h===void 0?c:u`<p dir="auto">${h}</p>`)}
    <p class="numbers" dir="auto">
      ${[d,s].filter(h=>h!==void 0).join(" · ")}
    </p>
  </li>`}function Rs({effect:n,low:e,high:t},r){let i=s=>(s/r+1)*Nt/2,[o,a]=[i(e??n??0),i(t??n??0)];return u`<svg
    class="interval"
    viewBox=${`0 0 ${Nt} ${tt}`}
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    ${b`<path class="track" d=${`M0 ${tt/2}h${Nt}`}></path>
      <path class="zero" d=${`M${Nt/2} 0v${tt}`}></path>
      <path class="bar" d=${`M${o} ${tt/2}H${Math.max(a,o+1)}`}></path>
      <path class="dot" d=${`M${i(n??0)} ${tt/2}h0`}></path>`}
  </svg>`}var Mt=$`
  p {
    margin: 0;
    line-height: 18px;
  }
  form:dir(rtl) [dir="auto"] {
    text-align: right;
  }
  .field {
    display: block;
    margin: 10px 0;
  }
  .field > span {
    display: block;
    margin-bottom: 4px;
    font-size: 12px;
    color: var(--limber-muted);
  }
  select,
  .field input {
    width: 100%;
    min-height: 40px;
    box-sizing: border-box;
    padding: 0 8px;
    border: 1px solid var(--limber-muted);
    border-radius: 8px;
    background: var(--limber-surface);
    font: inherit;
    color: var(--limber-text);
  }
  .check {
    display: flex;
    gap: 8px;
    align-items: flex-start;
    margin: 10px 0;
    line-height: 18px;
  }
  .warning {
    padding: 8px 12px;
    border-radius: 8px;
    border-inline-start: 4px solid var(--warning-color, #ffa600);
    background: color-mix(in srgb, var(--warning-color, #ffa600) 12%, transparent);
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    justify-content: flex-end;
    margin-top: 12px;
  }
  button {
    min-height: 40px;
    padding: 0 16px;
    border: 1px solid var(--limber-muted);
    border-radius: 20px;
    background: none;
    cursor: pointer;
  }
  button:hover:not(:disabled) {
    background: color-mix(in srgb, var(--limber-text) 8%, transparent);
  }
  button:disabled {
    opacity: 0.5;
    cursor: default;
  }
  button.main,
  button[aria-pressed="true"] {
    border-color: var(--limber-text);
    background: var(--limber-text);
    color: var(--limber-surface);
  }
  button.main:hover:not(:disabled),
  button[aria-pressed="true"]:hover:not(:disabled) {
    background: color-mix(in srgb, var(--limber-text) 85%, var(--limber-surface));
  }
  button.quiet {
    border-color: transparent;
    color: var(--limber-muted);
    text-decoration: underline;
  }
`;var xi=$`
  :host {
    container-type: inline-size;
  }
  /* The texts may be in a language of the other direction. */
  .body:dir(rtl) [dir="auto"] {
    text-align: right;
  }
  .parts {
    display: grid;
    gap: 24px;
  }
  @container (min-width: 760px) {
    .parts.two {
      grid-template-columns: minmax(0, 1fr) minmax(0, 1.2fr);
      column-gap: 40px;
      align-items: start;
    }
  }
  .column {
    display: grid;
    gap: 24px;
    min-width: 0;
  }
  h3 {
    margin: 0 0 8px;
    font-size: 15px;
    line-height: 20px;
    font-weight: var(--ha-font-weight-medium, 500);
    text-align: start;
  }
  .muted {
    color: var(--limber-muted);
  }
  .numbers,
  .note,
  .directions,
  .ends {
    font-size: 12px;
    line-height: 16px;
    color: var(--limber-muted);
  }
  .note {
    margin-top: 8px;
  }
  .plan {
    padding: 12px;
    border-radius: 8px;
    font-size: 18px;
    line-height: 24px;
    background: color-mix(in srgb, var(--limber-text) 6%, transparent);
    border-inline-start: 4px solid var(--limber-unknown);
  }
  .plan.with {
    border-inline-start-color: var(--limber-factor);
  }
  .asked {
    padding: 12px;
    margin-bottom: 8px;
    border: 1px solid var(--limber-muted);
    border-radius: 8px;
  }
  .asked p {
    margin-bottom: 8px;
  }
  progress {
    display: block;
    width: 100%;
    height: 6px;
    margin: 10px 0 4px;
    border: 0;
    border-radius: 3px;
    overflow: hidden;
    appearance: none;
    background: var(--limber-line);
  }
  progress::-webkit-progress-bar {
    background: var(--limber-line);
  }
  progress::-webkit-progress-value {
    background: var(--limber-factor);
  }
  progress::-moz-progress-bar {
    background: var(--limber-factor);
  }
  .trial .quiet {
    margin-inline-start: -16px;
  }
  .rating + .rating {
    margin-top: 14px;
  }
  .question {
    margin-bottom: 6px;
  }
  .values {
    display: grid;
    grid-template-columns: repeat(11, minmax(0, 1fr));
    gap: 3px;
    direction: ltr;
  }
  .values button {
    min-height: 36px;
    padding: 0;
    border-radius: 8px;
    font-variant-numeric: tabular-nums;
  }
  .values.two {
    grid-template-columns: repeat(2, minmax(0, 120px));
    gap: 8px;
    direction: inherit;
  }
  .ends {
    display: flex;
    justify-content: space-between;
    direction: ltr;
    margin-top: 2px;
  }
  .directions {
    display: flex;
    justify-content: space-between;
    direction: ltr;
  }
  .effects {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .effects > li {
    padding: 10px 0;
    border-top: 1px solid var(--limber-line);
    --finding: var(--limber-muted);
  }
  .effects > li.better {
    --finding: var(--limber-factor);
  }
  .effects > li.worse {
    --finding: var(--limber-right);
  }
  .effects p {
    margin-bottom: 2px;
  }
  .what {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 12px;
    justify-content: space-between;
    align-items: baseline;
  }
  .what strong {
    font-weight: var(--ha-font-weight-medium, 500);
  }
  .finding {
    color: var(--limber-text);
  }
  .finding::before {
    content: "";
    display: inline-block;
    width: 9px;
    height: 9px;
    margin-inline-end: 6px;
    border-radius: 50%;
    background: var(--finding);
  }
  .worse .finding::before {
    border-radius: 0;
    transform: rotate(45deg);
  }
  .no_difference .finding::before,
  .too_early .finding::before,
  .too_few_periods .finding::before,
  .kept_back .finding::before {
    box-sizing: border-box;
    background: none;
    border: 2px solid var(--finding);
  }
  .interval {
    display: block;
    width: 100%;
    height: 16px;
    margin: 4px 0;
    overflow: visible;
    direction: ltr;
  }
  .interval path {
    fill: none;
    stroke: var(--finding);
    vector-effect: non-scaling-stroke;
  }
  .interval .track {
    stroke: var(--limber-line);
    stroke-width: 1;
  }
  .interval .zero {
    stroke: var(--limber-muted);
    stroke-width: 1;
  }
  .interval .bar {
    stroke-width: 4;
    stroke-linecap: round;
    opacity: 0.5;
  }
  .interval .dot {
    stroke-width: 11;
    stroke-linecap: round;
  }
  details {
    margin-top: 4px;
  }
  summary {
    min-height: 24px;
    line-height: 24px;
    cursor: pointer;
    font-size: 13px;
    color: var(--limber-muted);
  }
  details ul {
    margin: 4px 0;
    padding-inline-start: 20px;
    font-size: 13px;
    line-height: 18px;
  }
  dialog {
    width: min(440px, 100vw - 32px);
    box-sizing: border-box;
    padding: 20px;
    border: 0;
    border-radius: 16px;
    background: var(--limber-surface);
    color: var(--limber-text);
  }
  dialog::backdrop {
    background: rgba(0, 0, 0, 0.5);
  }
  dialog h3 {
    font-size: 18px;
    line-height: 24px;
  }
`;var Et=["stretching","magnesium","alcohol","caffeine","exercise","warm_bath","water","medicine","other"],At=Et.filter(n=>n!=="other");var ki="limber-trial-form",$i=[2,3,4,5,6,7,8],Ps=8,Ti=["magnesium","medicine"],Ds=5,Os=6,qs=40,H=class extends C{constructor(){super(...arguments);this.dark=!1;this.disabled=!1;this.factor=Et[0];this.name="";this.weeks=Ps;this.outcome=he[0]?.name??"";this.earlyLook=!1}static{this.styles=[ke,Q,Mt]}render(){let{texts:t}=this;return u`<form @submit=${r=>this.submit(r)}>
      <p dir="auto">${t.text("helps.form_intro")}</p>
      ${this.renderSelect("form_factor",this.factor,Et,r=>T(t,r),r=>{this.factor=r,this.weeks=Math.max(this.weeks,this.minWeeks)})}
      ${this.factor==="other"?this.renderName():c}
      ${this.factor==="medicine"?u`<p class="warning" role="note" dir="auto">${t.text("helps.form_medicine")}</p>`:c}
      ${this.renderSelect("form_weeks",String(this.weeks),$i.filter(r=>r>=this.minWeeks).map(String),r=>t.count("helps.weeks",Number(r)),r=>{this.weeks=Number(r)})}
      ${this.renderSelect("form_outcome",this.outcome,he.map(({name:r})=>r),r=>t.code("helps",r),r=>{this.outcome=r})}
      ${this.mayLook?this.renderEarlyLook():c}
      <div class="actions">
        <button type="button" class="quiet" @click=${()=>this.dispatchEvent(new Event("limber-cancel"))}>
          ${t.text("helps.cancel")}
        </button>
        <button type="submit" class="main" ?disabled=${this.disabled}>
          ${t.text("helps.start")}
        </button>
      </div>
    </form>`}renderSelect(t,r,i,o,a){let s=l=>a(l.target.value);return u`<label class="field"
      ><span>${this.texts.text(`helps.${t}`)}</span>
      <select @change=${s}>
        ${i.map(l=>u`<option value=${l} .selected=${l===r}>${o(l)}</option>`)}
      </select>
    </label>`}renderName(){return u`<label class="field"
      ><span>${this.texts.text("helps.form_name")}</span>
      <input
        required
        maxlength=${qs}
        .value=${this.name}
        @input=${t=>{this.name=t.target.value}}
      />
    </label>`}renderEarlyLook(){return u`<label class="check">
      <input
        type="checkbox"
        .checked=${this.earlyLook}
        @change=${t=>{this.earlyLook=t.target.checked}}
      />
      <span dir="auto">${this.texts.text("helps.form_early_look")}</span>
    </label>`}get minWeeks(){return Ti.includes(this.factor)?Ds:$i[0]}get mayLook(){return this.weeks>=Os&&!Ti.includes(this.factor)}submit(t){t.preventDefault();let r=this.name.trim(),i=this.factor==="other";if(i&&r==="")return;let o={factor:this.factor,...i?{name:r}:{},weeks:this.weeks,outcome:this.outcome,...this.earlyLook&&this.mayLook?{early_look:!0}:{}};this.dispatchEvent(new CustomEvent("limber-start-trial",{detail:o}))}};f([w({attribute:!1})],H.prototype,"texts",2),f([w({type:Boolean,reflect:!0})],H.prototype,"dark",2),f([w({type:Boolean})],H.prototype,"disabled",2),f([v()],H.prototype,"factor",2),f([v()],H.prototype,"name",2),f([v()],H.prototype,"weeks",2),f([v()],H.prototype,"outcome",2),f([v()],H.prototype,"earlyLook",2);customElements.get(ki)===void 0&&customElements.define(ki,H);var Hs={with:"helps.plan_with",without:"helps.plan_without",washout:"helps.plan_washout"};function Si(n){let{texts:e,trial:t,disabled:r}=n,i=et(e,t),o=e.text("helps.trial_title",{factor:i});return u`<section class="part trial" aria-label=${o}>
    <h3 dir="auto">${o}</h3>
    ${t.question===null?c:js(n,i,t.question)}
    <p class="plan ${t.tonight??"waiting"}" dir="auto">
      ${t.tonight===null?e.text("helps.plan_later",e.nightDates(t.start)):e.text(Hs[t.tonight],{factor:i})}
    </p>
    ${t.night_number===null?c:Is(n,t.night_number)}
    <p class="note"><span dir="auto">${e.text("helps.trial_note")}</span></p>
    <button class="quiet" ?disabled=${r} @click=${()=>n.stop()}>
      ${e.text("helps.stop")}
    </button>
  </section>`}function js(n,e,t){let{texts:r,disabled:i}=n,o=r.nightDates(t),a=r.text("helps.trial_question",{factor:e,...o});return u`<div class="asked" role="group" aria-label=${a}>
    <p dir="auto">${a}</p>
    <div class="values two">
      <button ?disabled=${i} @click=${()=>n.answer(t,!0)}>
        ${r.text("helps.yes")}
      </button>
      <button ?disabled=${i} @click=${()=>n.answer(t,!1)}>
        ${r.text("helps.no")}
      </button>
    </div>
  </div>`}function Is({texts:n,trial:e,answered:t},r){let i=n.text("helps.trial_night",{night:n.number(r),nights:n.number(e.nights)});return u`<progress max=${e.nights} .value=${r} aria-label=${i}></progress>
    <p class="numbers" dir="auto">
      ${i}${t===void 0?c:` · ${n.text("helps.trial_answered",{count:n.number(t)})}`}
    </p>`}function Ni(n,e){let t=e.filter(r=>r.status!=="running"&&Bs(r));return t.length===0?c:u`<section class="part" aria-label=${n.text("helps.results")}>
    <h3>${n.text("helps.results")}</h3>
    <ul class="effects">
      ${t.map(r=>Us(n,r))}
    </ul>
  </section>`}function Bs({start:n,stopped:e}){return e===null||e>=n}function Us(n,e){let t=Te(e.outcome),{result:r}=e,i=t!==void 0&&r!==null;return u`<li class=${i?St(t,r):"too_early"}>
    <p class="what">
      <strong dir="auto">${et(n,e)}</strong>
      <span class="finding" dir="auto"
        >${i?_i(n,t,e,r):n.text("helps.trial_no_result")}</span
      >
    </p>
    ${i?u`<p dir="auto">${bi(n,t,r)}</p>`:c}
    <p class="numbers" dir="auto">${yi(n,e)}</p>
    ${i?u`<details>
          <summary>${n.text("helps.figures")}</summary>
          <ul>
            ${vi(n,t,e,r).map(o=>u`<li dir="auto">${o}</li>`)}
          </ul>
          <p class="note"><span dir="auto">${n.text("helps.figures_note")}</span></p>
        </details>`:c}
  </li>`}var Mi=["trial","diary","effects"],Vs=7,B=class extends x{constructor(){super(...arguments);this.heading="helps.heading";this.formOpen=!1;this.busy=!1;this.loader=new $e(this)}static{this.styles=[x.styles,Mt,xi]}static getConfigForm(){return X([P("outcome",Ke),P("hide",Mi,!0)])}static getStubConfig(){return{}}getCardSize(){return 10}getGridOptions(){return{columns:12,min_columns:6}}checkConfig(t){let{outcome:r=Ke[0]??"",hide:i=[]}=t;if(!Ke.includes(r)){let o=Ke.join(", ");throw new Error(y().text("helps.config_outcome",{outcomes:o}))}if(!Array.isArray(i)||!i.every(o=>Mi.includes(o)))throw new Error(y().text("helps.config_hide"))}willUpdate(t){super.willUpdate(t),t.has("config")&&(this.outcome=void 0);let{hass:r,config:i,tonight:o}=this;this.loader.loadLast(Vs,r,i,o)}renderCard(t,r){let i=this.loader.dataOf(t.device),o=[this.renderTrialPart(t,r,i),this.renderDiaryPart(t,r)],a=o.some(s=>s!==c);return u`<div class="body">
      ${this.renderOffline(r)}
      ${this.failure===void 0?c:this.renderProblem(this.failure)}
      <div class=${a?"parts two":"parts"}>
        ${a?u`<div class="column">${o}</div>`:c}
        <div class="column">
          ${this.isHidden("effects")?c:this.renderEffectsPart(i)}
          ${this.isHidden("trial")||i===void 0?c:Ni(this.texts,i.trials)}
        </div>
      </div>
      ${this.renderDialog(t)}
    </div>`}isHidden(t){return this.config?.hide?.includes(t)??!1}renderTrialPart(t,r,i){if(this.isHidden("trial")||!r.supports.includes("start_trial"))return c;let{trial:o}=r;return o===null?this.renderTry():Si({texts:this.texts,trial:o,answered:i?.trials.find(({id:a})=>a===o.id)?.answered,disabled:this.isDisabled(r),answer:(a,s)=>{this.act(t,"answer_trial",{night:a,done:s})},stop:()=>this.ask("stop")})}renderTry(){let{texts:t}=this;return u`<section class="part" aria-label=${t.text("helps.try")}>
      <h3>${t.text("helps.try")}</h3>
      ${this.formOpen?u`<limber-trial-form
            .texts=${t}
            .dark=${this.dark}
            .disabled=${this.busy||this.tonight?.online===!1}
            @limber-start-trial=${r=>this.ask({start:r.detail})}
            @limber-cancel=${()=>{this.formOpen=!1}}
          ></limber-trial-form>`:u`<p dir="auto">${t.text("helps.try_intro")}</p>
            <div class="actions">
              <button
                class="main"
                @click=${()=>{this.formOpen=!0}}
              >
                ${t.text("helps.try_button")}
              </button>
            </div>`}
    </section>`}ask(t){this.question=t,this.updateComplete.then(()=>this.dialog?.showModal())}renderDialog(t){let{question:r,texts:i}=this;if(r===void 0)return c;let o=r==="stop",a=i.text(o?"helps.stop_title":"helps.start_title");return u`<dialog
      aria-label=${a}
      @close=${s=>this.onClose(s.currentTarget,t)}
    >
      <form method="dialog">
        <h3>${a}</h3>
        <p dir="auto">${o?i.text("helps.stop_text"):this.startText(r.start)}</p>
        <div class="actions">
          <button class="quiet" value="">${i.text("helps.cancel")}</button>
          <button class="main" value="yes">${i.text(o?"helps.stop":"helps.start")}</button>
        </div>
      </form>
    </dialog>`}startText({factor:t,name:r,weeks:i,outcome:o}){let{texts:a}=this,s=Te(o)?.label;return a.text("helps.start_text",{factor:et(a,{factor:t,name:r??null}),weeks:a.count("helps.weeks",i),outcome:s===void 0?o:a.text(s)})}onClose(t,r){let{question:i}=this;this.question=void 0,!(t.returnValue!=="yes"||i===void 0)&&(i==="stop"?this.act(r,"stop_trial",{}):this.act(r,"start_trial",{...i.start}))}renderDiaryPart(t,r){let{diary:i}=r;return this.isHidden("diary")||i===null||!r.supports.includes("diary")?c:Ur({texts:this.texts,diary:i,disabled:this.isDisabled(r),write:(o,a)=>{this.act(t,"diary",{night:o,...a})}})}renderEffectsPart(t){let{error:r}=this.loader;if(t===void 0)return r===void 0?this.renderLoading():[this.renderError(r),this.loader.renderRetry(this.texts)];let{effects:i}=t,{texts:o}=this;if(i===null)return this.tonight?.supports.includes("effects")??!1?this.renderLoading():this.renderMessage("helps.bridge_too_old");let a=Zr(i),s=this.outcome??this.config?.outcome,l=a.find(({name:d})=>d===s)??a[0];if(l===void 0){let d=this.tonight!==void 0&&this.tonight.trial!==null;return this.renderMessage(d?"helps.trial_running_detail":"helps.nothing_logged")}return wi({texts:o,outcomes:a,outcome:l,rows:Qr(i,l,t.trials),chooseOutcome:d=>{this.outcome=d}})}renderMessage(t){return u`<p class="muted" dir="auto">${this.texts.text(t)}</p>`}isDisabled(t){return this.busy||!t.online}async act({device:t},r,i){if(!(this.hass===void 0||this.busy)){this.busy=!0,this.failure=void 0;try{await this.hass.callService("limber",r,{sleeper:t,...i}),r==="start_trial"&&(this.formOpen=!1)}catch(o){let{message:a}=await Fe(this.hass,o);this.failure=this.texts.text("helps.failed",{reason:a})}finally{this.busy=!1}}}};f([v()],B.prototype,"outcome",2),f([v()],B.prototype,"formOpen",2),f([v()],B.prototype,"question",2),f([v()],B.prototype,"busy",2),f([v()],B.prototype,"failure",2),f([G("dialog")],B.prototype,"dialog",2);var Se={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},Y=n=>(...e)=>({_$litDirective$:n,values:e}),U=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,t,r){this._$Ct=e,this._$AM=t,this._$Ci=r}_$AS(e,t){return this.update(e,t)}update(e,t){return this.render(...t)}};var Ws={},ge=Y(class extends U{constructor(){super(...arguments),this.ot=Ws}render(n,e){return e()}update(n,[e,t]){if(Array.isArray(e)){if(Array.isArray(this.ot)&&this.ot.length===e.length&&e.every((r,i)=>r===this.ot[i]))return M}else if(this.ot===e)return M;return this.ot=Array.isArray(e)?Array.from(e):e,this.render(e,t)}});var Pn="limber-open-night";function Ct(n){return!window.dispatchEvent(new CustomEvent(Pn,{detail:n,cancelable:!0}))}function Ei(n){let e=t=>{t.defaultPrevented||n(t.detail)&&t.preventDefault()};return window.addEventListener(Pn,e),()=>window.removeEventListener(Pn,e)}var Ai=$`
  :host {
    container-type: inline-size;
    /* Home Assistant's toolbar lies above it. */
    scroll-margin-top: calc(var(--header-height, 56px) + 16px);
  }
  .nav {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 4px;
    /* Time runs from left to right: the night before is on the left in every language. */
    direction: ltr;
  }
  .nav .date {
    flex: 0 1 260px;
    min-width: 0;
    text-align: center;
    font-weight: var(--ha-font-weight-medium, 500);
    color: var(--limber-text);
  }
  .icon {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    width: 40px;
    height: 40px;
    padding: 0;
    border: 0;
    border-radius: 50%;
    background: none;
    color: var(--limber-text);
    cursor: pointer;
  }
  .icon:hover:not(:disabled) {
    background: var(--limber-line);
  }
  .icon:disabled {
    opacity: 0.3;
    cursor: default;
  }
  .icon svg {
    width: 22px;
    height: 22px;
    fill: none;
    stroke: currentColor;
    stroke-width: 2;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  .facts {
    display: flex;
    flex-wrap: wrap;
    gap: 8px 28px;
    margin: 8px 0 12px;
  }
  .facts div {
    min-width: 72px;
    display: flex;
    flex-direction: column-reverse;
    justify-content: flex-end;
  }
  .facts dt {
    font-size: 12px;
    line-height: 16px;
    color: var(--limber-muted);
  }
  .facts dd {
    margin: 0;
    font-size: 20px;
    line-height: 28px;
    white-space: nowrap;
    font-variant-numeric: tabular-nums;
  }
  .facts dd.unknown {
    font-size: 14px;
    color: var(--limber-muted);
  }
  .summary {
    margin: 0 0 12px;
    line-height: 20px;
    max-width: 75ch;
  }
  .retry {
    margin: 0 16px;
    padding: 8px 16px;
    border: 1px solid var(--limber-line);
    border-radius: 18px;
    background: none;
    cursor: pointer;
  }
  .tools {
    display: flex;
    align-items: center;
    gap: 4px;
    min-height: 44px;
    margin-top: 4px;
  }
  .readout {
    flex: 1;
    min-width: 0;
    min-height: 40px;
    line-height: 20px;
  }
  .readout .when {
    font-variant-numeric: tabular-nums;
    color: var(--limber-muted);
  }
  .readout .hint,
  .note,
  .axis {
    color: var(--limber-muted);
    font-size: 12px;
    line-height: 16px;
  }
  .zoom {
    display: flex;
    direction: ltr;
  }
  .legend,
  .chips {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 14px;
    margin: 8px 0 0;
    padding: 0;
    list-style: none;
  }
  .legend li {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    font-size: 12px;
    line-height: 18px;
    color: var(--limber-muted);
  }
  .legend svg {
    flex: none;
    width: 18px;
    height: 16px;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 6px 10px;
    margin-top: 12px;
  }
  .row h3,
  figcaption {
    margin: 0;
    font-size: 14px;
    line-height: 20px;
    font-weight: var(--ha-font-weight-medium, 500);
  }
  .chips {
    gap: 6px;
    margin: 0;
  }
  .chips li {
    padding: 2px 10px;
    border: 1px solid var(--limber-line);
    border-radius: 14px;
    font-size: 13px;
    line-height: 20px;
  }
  .chips .time {
    color: var(--limber-muted);
    font-variant-numeric: tabular-nums;
  }
  .charts {
    display: grid;
    grid-template-columns: 1fr;
    gap: 20px 32px;
    margin-top: 20px;
  }
  @container (min-width: 720px) {
    .charts {
      grid-template-columns: 1fr 1fr;
    }
  }
  figure {
    margin: 0;
    min-width: 0;
    container-type: inline-size;
  }
  .chart {
    margin-top: 8px;
  }
  .chart svg {
    display: block;
    overflow: visible;
  }
  .chart text {
    font-size: 11px;
    fill: var(--limber-muted);
    font-variant-numeric: tabular-nums;
  }
  .chart .count {
    fill: var(--limber-text);
  }
  .chart .shade {
    fill: var(--limber-series);
    opacity: 0.14;
  }
  .chart .periodic {
    fill: var(--limber-series);
  }
  .chart .other,
  .chart .single {
    fill: var(--limber-unknown);
    opacity: 0.7;
  }
  .chart .base {
    stroke: var(--limber-muted);
    opacity: 0.5;
  }
  .chart .hatch {
    fill: var(--limber-gap);
  }
  .chart .hit {
    fill: transparent;
  }
  .note,
  .axis {
    margin: 4px 0 0;
  }
  .axis {
    text-align: center;
  }
  @container (max-width: 560px) {
    .readout {
      min-height: 64px;
    }
    .chart .minor {
      display: none;
    }
  }
  /* What arrives at once does not flicker. */
  .stale {
    opacity: 0.6;
    transition: opacity 0.2s 0.3s;
  }
`;var ee=["unknown","left","right","both"];function zi(n){let e=n.series.map(([t,r,i])=>({...Dn([t,r]),movements:i})).sort(On);return{data:n,length:Math.max(n.end-n.start,3600),movements:Fs(n,e),inBed:zt(n.in_bed),asleep:n.asleep===null?null:zt(n.asleep),gaps:zt(n.gaps),positionChanges:zt(n.position_changes),series:e,cramps:n.cramps.map(t=>({...Dn([t.start_ds,t.end_ds??t.start_ds]),id:t.id,ended:t.end_ds!==null,certainty:t.certainty,label:t.label})).sort(On),awakenings:n.awakenings.map(t=>t/10).sort((t,r)=>t-r),factors:n.factors.map(t=>({factor:t.factor,note:t.note,time:t.time_ds/10})).sort((t,r)=>t.time-r.time)}}function nt(n){let e=new Set;for(let a of n.movements.side)e.add(ee[a]??"unknown");let{measures:t}=n.data,r=e.has("left")||e.has("both")||Ci(t.plm_left),i=e.has("right")||e.has("both")||Ci(t.plm_right),o=[];return r&&o.push("left"),i&&o.push("right"),(e.has("unknown")||o.length===0)&&o.push("unknown"),o}function D(n,e){let t=0,r=n.length;for(;t<r;){let i=t+r>>>1;(n[i]??1/0)<e?t=i+1:r=i}return t}function V(n,e){return n.find(t=>t.start<=e&&e<t.end)}function te(n,e,t){return n.reduce((r,i)=>r+Math.max(0,Math.min(i.end,t)-Math.max(i.start,e)),0)}function Li(n,e){let t=[...n];for(let r of e)t=t.flatMap(i=>[...i.start<r.start?[{start:i.start,end:Math.min(i.end,r.start)}]:[],...i.end>r.end?[{start:Math.max(i.start,r.end),end:i.end}]:[]]);return t.filter(r=>r.end>r.start)}function Fs(n,e){let t=Gs(n.movements)?n.movements:[...n.movements].sort((a,s)=>a[0]-s[0]),r=t.length,i={count:r,onset:new Float64Array(r),duration:new Float64Array(r),side:new Uint8Array(r),grade:new Uint8Array(r),candidate:new Uint8Array(r),series:new Uint16Array(r)},o=0;return t.forEach(([a,s,l,d,h],m)=>{let g=a/10;for(i.onset[m]=g,i.duration[m]=s/10,i.side[m]=l,i.grade[m]=d,i.candidate[m]=h;o<e.length&&(e[o]?.end??0)<g;)o+=1;let p=(e[o]?.start??1/0)<=g;i.series[m]=h===1&&p?o+1:0}),i}function Gs(n){return n.every((e,t)=>t===0||(n[t-1]?.[0]??0)<=e[0])}function zt(n){return n.map(Dn).sort(On)}function Dn([n,e]){return{start:n/10,end:Math.max(n,e)/10}}function On(n,e){return n.start-e.start}function Ci(n){return typeof n=="number"}var Ri=60;function Pi(n,e){let t=n.data.start,i=n.inBed.length>0?n.inBed:[{start:0,end:n.data.end-t}],o=i[0].start,a=Math.max(...i.map(({end:g})=>g)),s=Li(i,n.gaps),l=e.hourBorders(t+o,t+a),d=l.slice(1).map((g,p)=>{let _={start:l[p]-t,end:g-t};return Ks(n,_,i,s)}),h=d.at(-1);return n.data.live&&h?.movements===null&&te(i,h.start,h.end)<Ri?d.slice(0,-1):d}function Ks(n,e,t,r){let i=te(r,e.start,e.end),o=te(t,e.start,e.end),{onset:a,series:s}=n.movements,l=0,d=0,h=D(a,e.start),m=D(a,e.end);for(let g=h;g<m;g+=1)V(t,a[g])!==void 0&&(l+=1,d+=s[g]>0?1:0);return{...e,movements:i<Ri&&l===0?null:l,periodic:d,measuredMinutes:Math.round(i/60),gapShare:o===0?0:Math.min(1,Math.max(0,1-i/o)),cramps:n.cramps.filter(({start:g,label:p})=>g>=e.start&&g<e.end&&p!==!1).length}}function Di(n){let e=Math.max(n,1),t=10**Math.floor(Math.log10(e)),r=[1,2,4,5,6,8,10].find(i=>i*t>=e)??10;return Math.max(r*t,4)}var Ne=1,Me=300,N={from:10,to:90},Oi=10,Hi=[1,3,10,30,90,300],fe=Zs();function ji(n){let{onset:e,candidate:t,count:r}=n.movements,i=[];for(let o=1;o<r;o+=1){let a=e[o-1],s=e[o];t[o-1]!==1||t[o]!==1||qi(n,a)&&qi(n,s)&&te(n.gaps,a,s)===0&&i.push(Math.round((s-a)*10)/10)}return i}function Ii(n){let e=new Array(fe.length-1).fill(0);for(let o of n){let a=Qs(o);a!==void 0&&(e[a]=(e[a]??0)+1)}let t=e.map((o,a)=>{let s=fe[a];return{from:s,to:fe[a+1],count:o,periodic:s>=N.from&&s<N.to}}),r=n.filter(o=>o<N.from).length,i=n.filter(o=>o>N.to).length;return{bins:t,highest:Math.max(0,...e),intervals:n.length,short:r,periodic:n.length-r-i,long:i,median:Xs(n)}}function Ee(n){let e=Math.min(Math.max(n,Ne),Me);return Math.log(e/Ne)/Math.log(Me/Ne)}function Zs(){let n=(N.to/N.from)**(1/Oi),e=Math.round(Math.log(N.from/Ne)/Math.log(n)),t=Math.round(Math.log(Me/N.to)/Math.log(n));return[...qn(Ne,N.from,e),...qn(N.from,N.to,Oi),...qn(N.to,Me,t),Me]}function qn(n,e,t){return Array.from({length:t},(r,i)=>i===0?n:n*(e/n)**(i/t))}function Qs(n){if(n<Ne||n>Me)return;if(n===N.to)return fe.indexOf(N.to)-1;let e=D(fe,n),t=fe[e]===n?e+1:e;return Math.min(t,fe.length-1)-1}function Xs(n){if(n.length===0)return null;let e=[...n].sort((i,o)=>i-o),t=e.length>>1,r=e[t];return e.length%2===1?r:(r+e[t-1])/2}function qi(n,e){return n.inBed.length===0||V(n.inBed,e)!==void 0}var Ae=132,Ce=18,Js=20,ne=Ae-Ce-Js,Ys=10,el=6,Bi=6,tl=.05;function Ui(n,e){let{intervals:t,periodic:r}=n;if(t<Ys)return u`<figure>
      <figcaption>${e.text("night.histogram")}</figcaption>
      <p class="note">${e.text("night.histogram_none")}</p>
    </figure>`;let i={share:e.percent(100*r/t),intervals:e.number(t)},o=e.text("night.histogram_text",i);return u`<figure>
    <figcaption>${e.text("night.histogram")}</figcaption>
    <div class="chart" dir="ltr">
      <svg width="100%" height=${Ae} role="img" aria-label=${o}>
        ${rl(e)} ${n.bins.map(a=>il(a,n.highest,e))}
        ${Wi()} ${Hi.map(a=>ol(a,e))}
      </svg>
    </div>
    <p class="axis">${e.text("night.histogram_axis")}</p>
    <p class="note">${o}</p>
  </figure>`}function Vi(n,e,t){if(n.length===0)return c;let r=n.map(({movements:a})=>a??0),i=Di(Math.max(0,...r)),o=Math.max(n.length,Bi);return u`<figure>
    <figcaption>${t.text("night.hours")}</figcaption>
    <div class="chart" dir="ltr">
      <svg
        width="100%"
        height=${Ae}
        role="img"
        aria-label=${n.map(a=>e.hour(a)).join(". ")}
      >
        <defs>
          <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)">
            <rect class="hatch" width="1" height="6"></rect>
          </pattern>
        </defs>
        ${n.map((a,s)=>al(a,s,o,i,e,t))}
        ${Wi()}
      </svg>
    </div>
    ${nl(n,t)}
  </figure>`}function nl(n,e){let t=(i,o)=>u`<li>
      <svg class="key" viewBox="0 0 12 12" aria-hidden="true">
        ${b`<rect class=${i} width="12" height="12" rx="2"
          fill=${i==="gap"?"url(#hatch)":c}></rect>`}
      </svg>
      ${o}
    </li>`,r=n.some(({gapShare:i,movements:o})=>i>0||o===null);return u`<ul class="legend chart">
    ${t("periodic",e.text("night.hours_series"))}
    ${t("single",e.text("night.hours_other"))}
    ${r?t("gap",e.text("night.legend_gap")):c}
  </ul>`}function rl(n){let e=100*Ee(N.from),t=100*Ee(N.to);return b`
    <rect class="shade" x="${e}%" y="0" width="${t-e}%" height=${Ce+ne}></rect>
    <text x="${(e+t)/2}%" y="12" text-anchor="middle">
      ${n.text("night.histogram_shaded")}
    </text>`}function il(n,e,t){if(n.count===0)return c;let r=100*Ee(n.from),i=100*Ee(n.to)-r,o=n.count/e*ne,a=t.text("night.histogram_bin",{from:t.number(n.from,n.from<10?1:0),to:t.number(n.to,n.to<10?1:0),count:t.number(n.count)});return b`<rect
    class=${n.periodic?"periodic":"other"}
    x="${r+i*.08}%"
    width="${i*.84}%"
    y=${Ce+ne-o}
    height=${o}
    rx="2"
  ><title>${a}</title></rect>`}function ol(n,e){let t=Ee(n),r=t===0?"start":t===1?"end":"middle";return b`<text x="${100*t}%" y=${Ae-5} text-anchor=${r}>
    ${e.number(n)}
  </text>`}function al(n,e,t,r,i,o){let a=100/t,s=e*a+a*.12,l=a*.76,d=Ce+ne,h=(n.movements??0)/r*ne,m=n.periodic/r*ne,g=n.movements===null,p=g?1:n.gapShare<tl?0:n.gapShare,_=l*(1-p);return b`<g>
    <title>${i.hour(n)}</title>
    <rect class="hit" x="${e*a}%" width="${a}%" y="0" height=${Ae}></rect>
    ${p===0?c:b`<rect class="gap" x="${s+_}%" width="${l-_}%"
            y=${Ce} height=${ne} fill="url(#hatch)"></rect>`}
    <rect class="single" x="${s}%" width="${_}%" y=${d-h}
      height=${Math.max(0,h-m)} rx="2"></rect>
    <rect class="periodic" x="${s}%" width="${_}%" y=${d-m}
      height=${m} rx="2"></rect>
    <text class="count" x="${s+_/2}%" y=${d-h-4} text-anchor="middle">
      ${g?"":o.number(n.movements??0)}
    </text>
    <text class=${sl(e,t)?"":"minor"} x="${s}%" y=${Ae-5}>
      ${i.tick(n.start)}
    </text>
  </g>`}function sl(n,e){let t=Math.max(2,Math.ceil(e/el)),r=e>Bi&&n===e-1;return n%t===0&&!r}function Wi(){let n=Ce+ne+.5;return b`<line class="base" x1="0" x2="100%" y1=${n} y2=${n}></line>`}var Fi=26,ll=58,dl=84,ul=5,cl=20,ml=22,Gi=16,Lt=6;function Ki(n){let e=nt(n),t=e.length===1?dl:ll,r=[],i=Fi;for(let l of e){let d=l==="right"&&e.includes("left"),h=d?i:i+Gi,m=h+t;r.push({side:l,top:h,bottom:m,base:d?h:m,grows:d?"down":"up",label:d?m:i}),i=d?m+Gi:m}let o={top:i+Lt,bottom:i+Lt+ul},a={top:o.bottom+Lt,bottom:o.bottom+Lt+cl},s={top:a.bottom,bottom:a.bottom+ml};return{height:s.bottom,events:{top:0,bottom:Fi},lanes:r,series:o,sleep:a,axis:s}}function Rt(n,e){return e==="both"?n.lanes.filter(t=>t.side!=="unknown"):n.lanes.filter(t=>t.side===e)}function be(n){return{start:0,end:n}}function k(n){return n.end-n.start}function Hn(n,e){return k(n)>=e-1e-6}function O(n,e,t){return(t-n.start)/k(n)*e}function ze(n,e,t){return n.start+t/e*k(n)}function Pt(n,e,t,r){let i=k(n)/r,o=Math.min(Math.max(i,Math.min(120,e)),e),a=(t-n.start)/k(n);return rt({start:t-a*o,end:t+(1-a)*o},e)}function _e(n,e,t){return rt({start:n.start+t,end:n.end+t},e)}function Zi(n,e,t,r){let[i,o]=e[0]<=e[1]?[0,1]:[1,0],a=Math.max(e[o]-e[i],1),l=Math.max(n[o]-n[i],.001)/a*t,d=Math.min(Math.max(l,Math.min(120,r)),r),h=(n[0]+n[1])/2,m=(e[0]+e[1])/2/t;return rt({start:h-m*d,end:h+(1-m)*d},r)}function Qi(n,e,t){let r=k(n)/10;return t<n.start+r?_e(n,e,t-r-n.start):t>n.end-r?_e(n,e,t+r-n.end):n}function Xi(n,e,t){return Hn(n,e)?be(t):n.end>=e-1?rt({start:t-k(n),end:t},t):rt(n,t)}function rt(n,e){let t=Math.min(k(n),e),r=Math.min(Math.max(n.start,0),e-t);return{start:r,end:r+t}}var hl=[0,.34,.66,1],pl=1.5,gl=120;function Ji(n,e,t,r,i){let{onset:o,duration:a,side:s,grade:l,series:d,count:h}=n.movements,m=r/k(t),g=ee.flatMap((p,_)=>[new Dt(_,!1,i),new Dt(_,!0,i)]);for(let p=D(o,t.start-gl);p<h;p+=1){let _=o[p];if(_>t.end)break;if(_+a[p]<t.start)continue;g[2*s[p]+(d[p]>0?1:0)]?.add((_-t.start)*m,a[p]*m,l[p])}return g.sort((p,_)=>Number(p.periodic)-Number(_.periodic)).map(p=>p.marks(e))}var Dt=class{constructor(e,t,r){this.periodic=t;this.ratio=r;this.found=[];this.column=Number.NEGATIVE_INFINITY;this.side=ee[e]??"unknown"}add(e,t,r){let i=Math.floor(e*this.ratio),{found:o}=this;if(i!==this.column){this.column=i,o.push(i/this.ratio,Math.max(t,pl),r);return}let a=o.length-3;o[a+1]=Math.max(o[a+1],t),o[a+2]=Math.max(o[a+2],r)}marks(e){let t=[];for(let r of Rt(e,this.side))this.addBoxes(t,r);return{side:this.side,periodic:this.periodic,boxes:t}}addBoxes(e,t){let{found:r}=this;for(let i=0;i<r.length;i+=3){let o=(t.bottom-t.top)*(hl[r[i+2]]??1),a=t.grows==="up"?t.base-o:t.base;e.push(r[i],a,r[i+1],o)}}};var fl=.05,_l={touch:14,mouse:6};function eo(n,e,t,r,i,o){let a=ze(t,r,i.x),s=_l[o]/r*k(t);return xl(n,e,i,a,s)??$l(n,e,i,a,s)??Tl(n,a)??Sl(n,e,i,a)??{kind:"moment",time:a}}function L(n,e){switch(e.kind){case"movement":return n.movements.onset[e.index]??0;case"cramp":return e.cramp.start;case"position":return e.change.start;case"series":return e.series.start;case"gap":return e.gap.start;case"factor":return e.factor.time;case"awakening":case"moment":return e.time}}function to(n,e,t,r){let i=L(n,r),o=i+wl(n,r),a=O(e,t,i);return{x:a,width:O(e,t,o)-a}}function no(n,e,t,r){let o=ro(n,r==="nextNotable"||r==="previousNotable");switch(r){case"first":return o[0];case"last":return o.at(-1);case"next":case"nextNotable":return bl(n,o,e,t);case"previous":case"previousNotable":return vl(n,o,e,t)}}function bl(n,e,t,r){let i=e.findIndex(a=>Ot(a,t));if(i>=0)return e[i+1];let o=t===void 0?r.start:L(n,t);return e.find(a=>L(n,a)>=o)}function vl(n,e,t,r){let i=e.findIndex(a=>Ot(a,t));if(i>=0)return e[i-1];let o=t===void 0?r.end:L(n,t);return e.findLast(a=>L(n,a)<=o)}var Yi=new WeakMap;function ro(n,e){let t=Yi.get(n);return t===void 0&&(t=yl(n),Yi.set(n,t)),e?t.notable:t.all}function yl(n){let e=n.factors.filter(({time:o})=>o>=0&&o<=n.length),t=[...n.cramps.map(o=>({kind:"cramp",cramp:o})),...n.awakenings.map(o=>({kind:"awakening",time:o})),...n.series.map(o=>({kind:"series",series:o})),...n.gaps.map(o=>({kind:"gap",gap:o})),...e.map(o=>({kind:"factor",factor:o}))],r=[...Array.from(n.movements.onset,(o,a)=>({kind:"movement",index:a})),...n.positionChanges.map(o=>({kind:"position",change:o}))],i=(o,a)=>L(n,o)-L(n,a);return{all:[...t,...r].sort(i),notable:t.sort(i)}}function Ot(n,e){if(n===void 0||e===void 0||n.kind!==e.kind)return n===e;switch(n.kind){case"movement":return n.index===e.index;case"cramp":return n.cramp===e.cramp;case"position":return n.change===e.change;case"series":return n.series===e.series;case"gap":return n.gap===e.gap;case"factor":return n.factor===e.factor;case"awakening":case"moment":return n.time===e.time}}function jn(n,e){if(e===void 0||e.kind==="moment")return e;if(e.kind==="movement")return e.index<n.movements.count?e:void 0;let t=L(n,e);return ro(n,!1).find(r=>r.kind===e.kind&&Math.abs(L(n,r)-t)<fl)}function wl(n,e){switch(e.kind){case"movement":return n.movements.duration[e.index]??0;case"cramp":return e.cramp.end-e.cramp.start;case"position":return e.change.end-e.change.start;case"series":return e.series.end-e.series.start;case"gap":return e.gap.end-e.gap.start;case"awakening":case"factor":case"moment":return 0}}function xl(n,e,t,r,i){let o=t.y<=e.events.bottom,a=o?kl(n):io(n),s=o?i:i/3,l;for(let d of a){let h=Math.abs(L(n,d)-r);h<s&&(s=h,l=d)}return l}function kl(n){return[...io(n),...n.awakenings.map(e=>({kind:"awakening",time:e})),...n.factors.map(e=>({kind:"factor",factor:e})),...n.positionChanges.map(e=>({kind:"position",change:e}))]}function io(n){return n.cramps.map(e=>({kind:"cramp",cramp:e}))}function $l(n,e,t,r,i){let o=e.lanes[0]?.top??0,a=e.lanes.at(-1)?.bottom??0;if(t.y<o||t.y>a)return;let{onset:s,duration:l,side:d,grade:h,count:m}=n.movements,g;for(let p=D(s,r-i-60);p<m;p+=1){let _=s[p];if(_>r+i)break;let E=Nl({start:_,end:_+l[p]},r),Oe=Rt(e,ee[d[p]]??"unknown").some(lr=>lr.top<=t.y&&t.y<=lr.bottom);if(E>i||!Oe)continue;let lt=E===g?.away&&h[p]>g.grade;(g===void 0||E<g.away||lt)&&(g={index:p,away:E,grade:h[p]})}return g===void 0?void 0:{kind:"movement",index:g.index}}function Tl(n,e){let t=V(n.gaps,e);return t===void 0?void 0:{kind:"gap",gap:t}}function Sl(n,e,t,r){let i=V(n.series,r),o=e.lanes[0]?.top??0;if(!(i===void 0||t.y<o||t.y>e.series.bottom+3))return{kind:"series",series:i}}function Nl(n,e){return Math.max(n.start-e,e-n.end,0)}var Bn=.7,A=8,Ml=3,In=6,El=12;function ao(n,e){let{width:t,layout:r}=e;n.clearRect(0,0,t+2*A,r.height),n.save(),n.translate(A,0),Al(n,e),Cl(n,e),Ol(n,e),zl(n,e),Ul(n,e),Rl(n,e),Dl(n,e),ql(n,e),Vl(n,e),n.restore()}function Al(n,e){let{layout:t,palette:r,view:i,width:o}=e,a=t.lanes[0]?.top??0;n.fillStyle=r.line;for(let s of e.ticks){let l=Math.round(O(i,o,s));n.fillRect(l,a,1,t.sleep.bottom-a)}}function Cl(n,e){let{layout:t,model:r,palette:i}=e,{top:o,bottom:a}=t.sleep,s=a-o;n.fillStyle=i.inBed,n.strokeStyle=i.asleep,n.lineWidth=1,oo(n,e,r.inBed,o,s),n.stroke(),n.fillStyle=i.asleep,oo(n,e,r.asleep??[],o+s*.4,s*.6)}function oo(n,e,t,r,i){let{view:o,width:a}=e;n.beginPath();for(let s of t){let[l,d]=Un(s,o,a);d>0&&n.roundRect(l,r,Math.max(d,1),i,Ml)}n.fill()}function zl(n,e){let{layout:t,model:r,palette:i,view:o,width:a}=e,s=t.lanes[0]?.top??0,l=t.sleep.bottom-s;for(let d of r.gaps){let[h,m]=Un(d,o,a);m<=0||(n.save(),n.beginPath(),n.rect(h,s,Math.max(m,2),l),n.clip(),n.fillStyle=i.surface,n.fillRect(h,s,Math.max(m,2),l),Ll(n,i.gap,h,s,Math.max(m,2),l),n.restore())}}function Ll(n,e,t,r,i,o){n.strokeStyle=e,n.lineWidth=1,n.beginPath();let a=Math.floor((t-o)/In)*In;for(let s=a;s<t+i;s+=In)n.moveTo(s,r+o),n.lineTo(s+o,r);n.stroke()}function Rl(n,e){let{layout:t,model:r,palette:i,ratio:o,view:a,width:s}=e;for(let{side:l,periodic:d,boxes:h}of Ji(r,t,a,s,o))n.globalAlpha=d?1:Bn,n.fillStyle=i.sides[l],Pl(n,h);n.globalAlpha=1}function Pl(n,e){for(let t=0;t<e.length;t+=4)n.fillRect(e[t],e[t+1],e[t+2],e[t+3])}function Dl(n,e){let{layout:t,palette:r,width:i}=e;n.fillStyle=r.text,n.globalAlpha=.45;for(let o of new Set(t.lanes.map(a=>a.base)))n.fillRect(0,Math.round(o)-.5,i,1);n.globalAlpha=1}function Ol(n,e){let{layout:t,model:r,palette:i,view:o,width:a}=e,{top:s,bottom:l}=t.series;n.fillStyle=i.series,n.beginPath();for(let d of r.series){let[h,m]=Un(d,o,a);m>0&&n.roundRect(h,s,Math.max(m,2),l-s,(l-s)/2)}n.fill()}function ql(n,e){let{model:t,palette:r}=e,i=(e.layout.events.top+e.layout.events.bottom)/2;for(let o of t.positionChanges)it(e,o.start,a=>Hl(n,r.position,a,i));for(let{time:o}of t.factors.filter(a=>a.time>=0))it(e,o,a=>jl(n,r.factor,a,i));for(let o of t.awakenings)it(e,o,a=>Il(n,r,a,i));for(let o of t.cramps){let a=o.label===!1;it(e,o.start,s=>Bl(n,e,s,i,a))}}function it(n,e,t){let r=O(n.view,n.width,e);r>=-A&&r<=n.width+A&&t(r)}function Hl(n,e,t,r){n.fillStyle=e,n.beginPath(),n.moveTo(t-3.5,r+6),n.lineTo(t+3.5,r+6),n.lineTo(t,r),n.fill()}function jl(n,e,t,r){n.fillStyle=e,n.beginPath(),n.roundRect(t-4.5,r-4.5,9,9,2),n.fill()}function Il(n,e,t,r){n.beginPath(),n.arc(t,r,5,0,2*Math.PI),n.fillStyle=e.surface,n.fill(),n.strokeStyle=e.awakening,n.lineWidth=2.5,n.stroke()}function Bl(n,e,t,r,i){let{layout:o,palette:a}=e;n.strokeStyle=a.cramp,n.lineWidth=1.5,n.setLineDash(i?[2,4]:[]),n.beginPath(),n.moveTo(t,r+8),n.lineTo(t,o.sleep.bottom),n.stroke(),n.setLineDash([]),n.beginPath(),n.moveTo(t,r-9),n.lineTo(t+7,r),n.lineTo(t,r+9),n.lineTo(t-7,r),n.closePath(),n.fillStyle=i?a.surface:a.cramp,n.fill(),n.stroke()}function Ul(n,e){let{layout:t,model:r,palette:i,selected:o,view:a,width:s}=e;if(o===void 0)return;let l=to(r,a,s,o),d=Math.max(l.width,2);n.fillStyle=i.text,n.globalAlpha=.14,n.fillRect(l.x-3,t.events.top,d+6,t.sleep.bottom),d<El&&(n.globalAlpha=.8,n.fillRect(l.x+d/2-.5,t.events.top,1,t.sleep.bottom)),n.globalAlpha=1}function Vl(n,e){let{layout:t,model:r,palette:i}=e;r.data.live&&it(e,r.data.end-r.data.start,o=>{n.strokeStyle=i.text,n.lineWidth=1.5,n.setLineDash([4,3]),n.beginPath(),n.moveTo(o,t.events.bottom),n.lineTo(o,t.sleep.bottom),n.stroke(),n.setLineDash([])})}function Un(n,e,t){let r=Math.max(O(e,t,n.start),-A),i=Math.min(O(e,t,n.end),t+A);return[r,i-r]}var Wl=[...["left","right","unknown"].flatMap(n=>[{text:"night.legend_movement",shape:Vn(`--limber-${n}`,1),shown:e=>nt(e)[0]===n},{text:"night.legend_single",shape:Vn(`--limber-${n}`,Bn),shown:e=>nt(e)[0]===n&&Fl(e)}]),{text:"night.legend_both",shape:Vn("--limber-both",1),shown:n=>n.movements.side.includes(3)},{text:"night.legend_periodic",shape:b`<rect x="1" y="6" width="16" height="5" rx="2.5"
      fill="var(--limber-series)"></rect>`,shown:n=>n.series.length>0},{text:"night.legend_cramp",shape:so("var(--limber-cramp)"),shown:n=>n.cramps.some(({label:e})=>e!==!1)},{text:"night.legend_denied",shape:so("none"),shown:n=>n.cramps.some(({label:e})=>e===!1)},{text:"night.legend_awakening",shape:b`<circle cx="9" cy="8" r="5" fill="none" stroke="var(--limber-awakening)"
      stroke-width="2.5"></circle>`,shown:n=>n.awakenings.length>0},{text:"night.legend_factor",shape:b`<rect x="4.5" y="3.5" width="9" height="9" rx="2"
      fill="var(--limber-factor)"></rect>`,shown:n=>n.factors.some(({time:e})=>e>=0)},{text:"night.legend_position",shape:b`<path d="M5.5 11h7L9 5z" fill="var(--limber-position)"></path>`,shown:n=>n.positionChanges.length>0},{text:"night.legend_in_bed",shape:b`<rect x="0.5" y="1" width="17" height="14" rx="3"
      fill="var(--limber-in-bed)" stroke="var(--limber-asleep)"></rect>`,shown:n=>n.inBed.length>0},{text:"night.legend_asleep",shape:b`<rect x="0.5" y="1" width="17" height="14" rx="3" fill="var(--limber-in-bed)"></rect>
      <rect x="0" y="6" width="18" height="9" rx="3" fill="var(--limber-asleep)"></rect>`,shown:n=>(n.asleep??[]).length>0},{text:"night.legend_gap",shape:b`<path d="M1 15 15 1M1 9 9 1M7 15 17 5M13 15l4-4M1 3l2-2" stroke="var(--limber-gap)"
      fill="none"></path>`,shown:n=>n.gaps.length>0},{text:"night.legend_now",shape:b`<path d="M9 0v16" stroke="var(--limber-text)" stroke-width="1.5"
      stroke-dasharray="4 2"></path>`,shown:n=>n.data.live}];function lo(n,e){return u`<ul class="legend" aria-label=${e.text("night.legend")}>
    ${Wl.filter(({shown:t})=>t(n)).map(({shape:t,text:r})=>u`<li><svg viewBox="0 0 18 16" aria-hidden="true">${t}</svg>${e.text(r)}</li>`)}
  </ul>`}function Fl({movements:n}){return n.series.includes(0)&&n.series.some(e=>e>0)}function Vn(n,e){return b`<g fill="var(${n})" opacity=${e}>
    <rect x="2" y="10" width="3" height="6"></rect>
    <rect x="7" y="5" width="3" height="11"></rect>
    <rect x="12" y="0" width="3" height="16"></rect>
  </g>`}function so(n){return b`<path d="M9 0l6 8-6 8-6-8z" fill=${n} stroke="var(--limber-cramp)"
    stroke-width="1.5"></path>`}var Wn={night:void 0,live:!1},Fn={night:void 0,live:!0};function Ht(n,e){let t=e.tonight?.night,r=t!==void 0&&t>n.night&&Gl(e),i=n.next??(r?t:null);return{previous:n.previous===null?void 0:uo(n.previous,t),next:n.live||i===null?void 0:uo(i,t)}}function jt(n,e){let t=e.last_night===null?void 0:Wn;return{previous:n.live?t:void 0,next:n.night===void 0?void 0:t}}function Gl({tonight:n}){return n!==null&&(n.start!==null||(n.movements??0)>0)}function uo(n,e){return n===e?Fn:{night:n,live:!1}}var Kl=15e3,qt=class{constructor(){this.shown="";this.since=Number.NEGATIVE_INFINITY}at(e,t){let{tonight:r,in_bed:i,asleep:o,online:a,revision:s}=e,l=JSON.stringify([r,i,o,a,s]);if(l===this.shown)return{revision:this.shown,due:void 0};let d=this.since+Kl-t;return d>0?{revision:this.shown,due:d}:(this.shown=l,this.since=t,{revision:l,due:void 0})}};var Zl=300,Ql=864e5,It=class{constructor(e,t,r){this.texts=e;this.clock=t;this.model=r;let{start:i,end:o}=r.data;this.ambiguous=t.changesBetween(i,o)}tick(e){return this.texts.time(this.model.data.start+e,this.clock.timeZone)}time(e,t=!1){let r=this.model.data.start+e,i=this.texts.time(r,this.clock.timeZone,t);return this.ambiguous?`${i} ${this.clock.offsetName(r,this.texts.language)}`:i}range(e){return`${this.time(e.start)} – ${this.time(e.end)}`}readout(e){switch(e.kind){case"movement":return this.movement(e.index);case"cramp":return this.cramp(e.cramp);case"series":return this.series(e.series);case"gap":return this.gap(e.gap);case"factor":return this.factor(e.factor);case"position":return this.simple(e.change.start,this.texts.text("night.legend_position"));case"awakening":return this.simple(e.time,this.texts.text("night.legend_awakening"));case"moment":return this.simple(e.time,this.texts.text(`night.${this.stateAt(e.time)}`))}}cramp(e){let{texts:t}=this,r=[];return e.ended&&e.end>e.start&&r.push(this.seconds(e.end-e.start)),e.label!==null&&e.certainty!=="reported"&&r.push(t.text(e.label?"night.cramp_yes":"night.cramp_no")),{when:e.ended?this.range(e):this.time(e.start),what:t.code("night",`cramp_${e.certainty}`),details:r}}series(e){let{texts:t}=this,r=[t.count("night.movements",e.movements)],i=this.meanInterval(e);return i!==void 0&&r.push(t.text("night.every",{interval:this.seconds(i)})),{when:this.range(e),what:t.text("night.legend_series"),details:r}}factor(e){let t=this.model.inBed[0]?.start,r=t===void 0?0:t-e.time,i=r>=60?[this.texts.text("night.before",{duration:this.texts.duration(r)})]:[];return{when:this.time(e.time),what:this.factorName(e),details:i}}factorName({factor:e,note:t}){if(e==="other"&&t)return t;let r=this.texts.code("common",e);return t?`${r} (${t})`:r}summary(){return this.model.data.summary.map(e=>this.summaryPart(e)).join("")}summaryPart(e){let{texts:t}=this;return typeof e=="string"?e:"number"in e?t.number(e.number,e.digits,!0):"date"in e?t.date(e.date):"time"in e?this.time(e.time-this.model.data.start):t.duration(e.duration)}hour(e){let{texts:t}=this,r=this.range(e);if(e.movements===null)return t.text("night.hour_unknown",{range:r});let i=t.number(e.movements),o=t.number(e.periodic),a=e.gapShare>=.05?` (${t.text("night.hour_partly",{minutes:e.measuredMinutes})})`:"";return t.text("night.hour",{range:r,movements:i,periodic:o})+a}get dates(){return this.shownDates??=this.formatDates(),this.shownDates}seconds(e){if(e>=100)return this.texts.duration(e);let t=e<10?1:0;return this.texts.text("night.seconds",{seconds:this.texts.number(e,t)})}formatDates(){let e=Date.parse(`${this.model.data.night}T12:00:00Z`);return new Intl.DateTimeFormat(this.texts.language,{timeZone:"UTC",weekday:"short",day:"numeric",month:"short"}).formatRange(e-Ql,e)}movement(e){let{onset:t,duration:r,side:i,grade:o,series:a,candidate:s}=this.model.movements,{texts:l}=this,d=ee[i[e]]??"unknown",h=this.model.series[a[e]-1],m=[l.code("night",`grade_${o[e]}`),this.seconds(r[e]),...h===void 0?[l.text(s[e]===1?"night.single":"night.not_periodic")]:[l.count("night.in_series",h.movements)],...this.intervalBefore(e)];return{when:this.time(t[e],!0),what:l.text(`night.side_${d}`),details:m}}meanInterval(e){let{onset:t,count:r}=this.model.movements,i=t[D(t,e.start)],o=t[Math.min(D(t,e.end),r)-1];if(!(i===void 0||o===void 0||e.movements<2||o<=i))return Math.round((o-i)/(e.movements-1))}intervalBefore(e){let{onset:t}=this.model.movements,r=t[e-1],i=t[e];if(r===void 0||te(this.model.gaps,r,i)>0||i-r>Zl)return[];let a=this.seconds(Math.round((i-r)*10)/10);return[this.texts.text("night.interval",{interval:a})]}gap(e){return{when:this.range(e),what:this.texts.text("night.legend_gap"),details:[this.seconds(e.end-e.start),this.texts.text("night.gap_missed")]}}simple(e,t){return{when:this.time(e),what:t,details:[]}}stateAt(e){let{inBed:t}=this.model;if(t.length===0)return"state_unknown";if(V(t,e)===void 0)return"state_out";let{asleep:r}=this.model;return r===null?"state_in_bed":V(r,e)===void 0?"state_awake":"state_asleep"}};var Xl=3600;function co(n,e){let{measures:t}=n.data,r=o=>typeof o=="number"?e.duration(o*Xl):null,i=(o,a=0)=>typeof o=="number"?e.number(o,a):null;return u`<dl class="facts">
    ${ot(e.text("night.fact_movements"),i(t.movements),e)}
    ${ot(e.text("night.fact_plm_index"),i(t.plm_index,1),e)}
    ${ot(e.text("night.fact_cramps"),i(Jl(n)),e)}
    ${ot(e.text("night.legend_in_bed"),r(t.time_in_bed_h),e)}
    ${ot(e.text("night.legend_asleep"),r(t.sleep_h),e)}
  </dl>`}function Jl(n){let{measures:e,events_deleted:t}=n.data,r=e.cramps_possible??null,i=e.cramps_probable??null,o=n.cramps.filter(({label:a})=>a!==!1).length;return t?r===null&&i===null?null:(r??0)+(i??0):o===0&&r===null&&i===null?null:o}function ot(n,e,t){return u`<div>
    <dt>${n}</dt>
    ${e===null?u`<dd class="unknown"><bdi>${t.text("night.unknown")}</bdi></dd>`:u`<dd><bdi>${e}</bdi></dd>`}
  </div>`}function mo(n,e){return u`<div class="readout" role="status">
    ${n===void 0?u`<bdi class="hint">${e.text("night.hint")}</bdi>`:u`<bdi
            ><span class="when">${n.when}</span> <strong>${n.what}</strong>${n.details.map(t=>u`, ${t}`)}</bdi
          >`}
  </div>`}function ho(n,e,t){return n.factors.length===0?c:u`<div class="row">
    <h3>${t.text("night.logged")}</h3>
    <ul class="chips">
      ${n.factors.map(r=>{let{when:i,what:o,details:a}=e.factor(r);return u`<li>
          <bdi>${o}</bdi> <bdi class="time">${[i,...a].join(", ")}</bdi>
        </li>`})}
    </ul>
  </div>`}function po(n,e){let t=n===null?[]:Yl(n,e);return t.length===0?c:u`<div class="row">
    <h3>${e.text("night.diary")}</h3>
    <ul class="chips">
      ${t.map(r=>u`<li><bdi>${r}</bdi></li>`)}
    </ul>
  </div>`}function Yl(n,e){let t=[],{evening_symptoms:r,sleep_quality:i,cramp:o,cramp_pain:a}=n;return r!==null&&t.push(e.text("night.diary_evening",{value:r})),i!==null&&t.push(e.text("night.diary_quality",{value:i})),o===!0&&a!==null?t.push(e.text("night.diary_pain",{value:a})):o!==null&&t.push(e.text(o?"night.diary_cramp":"night.diary_no_cramp")),t}function go(n,e,t){let r=[...n.cramps.map(i=>({time:i.start,...e.readout({kind:"cramp",cramp:i})})),...n.series.map(i=>({time:i.start,...e.readout({kind:"series",series:i})})),...n.gaps.map(i=>({time:i.start,...e.readout({kind:"gap",gap:i})})),...n.awakenings.map(i=>({time:i,...e.readout({kind:"awakening",time:i})}))].sort((i,o)=>i.time-o.time);return r.length===0?c:u`<div class="hidden">
    <table>
      <caption>
        ${t.text("night.table")}
      </caption>
      <thead>
        <tr>
          <th scope="col">${t.text("night.table_when")}</th>
          <th scope="col">${t.text("night.table_what")}</th>
          <th scope="col">${t.text("night.table_details")}</th>
        </tr>
      </thead>
      <tbody>
        ${r.map(({when:i,what:o,details:a})=>u`<tr>
              <td>${i}</td>
              <td>${o}</td>
              <td>${a.join(", ")}</td>
            </tr>`)}
      </tbody>
    </table>
  </div>`}var fo=[1,2,5,10,15,30,60,120,180,240,360,720],Gn=15,Bt=class{constructor(e){this.timeZone=e;this.offsets=new Map;this.parts=new Intl.DateTimeFormat("en-u-ca-gregory-nu-latn",{timeZone:e,hourCycle:"h23",year:"numeric",month:"numeric",day:"numeric",hour:"numeric",minute:"numeric"})}offsetName(e,t){return new Intl.DateTimeFormat(t,{timeZone:this.timeZone,hour:"2-digit",timeZoneName:"short"}).formatToParts(e*1e3).find(({type:o})=>o==="timeZoneName")?.value??""}offsetMinutes(e){let t=Math.floor(e/(Gn*60))*Gn*60,r=this.offsets.get(t)??this.computeOffset(t);return this.offsets.set(t,r),r}changesBetween(e,t){return this.offsetMinutes(e)!==this.offsetMinutes(t)}aligned(e,t,r){let i=Math.min(r,Gn)*60,o=[];for(let a=Math.ceil(e/i)*i;a<=t;a+=i)(a/60+this.offsetMinutes(a))%r===0&&o.push(a);return o}ticks(e,t,r,i){let o=(t-e)/Math.max(r,1)*i,a=fo.find(l=>l*60>=o)??fo.at(-1),s=this.aligned(e,t,a);return s.filter((l,d)=>d===0||l-s[d-1]>=o*.9)}hourBorders(e,t){let r=this.aligned(e-3600,t+3600,60),i=r.findLastIndex(a=>a<=e),o=r.findIndex(a=>a>=t);return r.slice(Math.max(i,0),o<0?void 0:o+1)}computeOffset(e){let t={};for(let d of this.parts.formatToParts(e*1e3))t[d.type]=Number(d.value);let{year:r=0,month:i=1,day:o=1,hour:a=0,minute:s=0}=t;return(Date.UTC(r,i-1,o,a,s)/1e3-e)/60}};var _o=new Map;function ed(n){let e=_o.get(n)??new Bt(n);return _o.set(n,e),e}function bo(n,e){let t=zi(n),r=ed(n.time_zone);return{model:t,clock:r,words:new It(e,r,t),hours:Pi(t,r),histogram:Ii(ji(t))}}var vo="important",td=" !"+vo,Ut=Y(class extends U{constructor(n){if(super(n),n.type!==Se.ATTRIBUTE||n.name!=="style"||n.strings?.length>2)throw Error("The `styleMap` directive must be used in the `style` attribute and must be the only part in the attribute.")}render(n){return Object.keys(n).reduce((e,t)=>{let r=n[t];return r==null?e:e+`${t=t.includes("-")?t:t.replace(/(?:^(webkit|moz|ms|o)|)(?=[A-Z])/g,"-$&").toLowerCase()}:${r};`},"")}update(n,[e]){let{style:t}=n.element;if(this.ft===void 0)return this.ft=new Set(Object.keys(e)),this.render(e);for(let r of this.ft)e[r]==null&&(this.ft.delete(r),r.includes("-")?t.removeProperty(r):t[r]=null);for(let r in e){let i=e[r];if(i!=null){this.ft.add(r);let o=typeof i=="string"&&i.endsWith(td);r.includes("-")||o?t.setProperty(r,o?i.slice(0,-11):i,o?vo:""):t[r]=i}}return M}});var at={kind:"none"},Kn=8,nd=48,rd=700,Vt=class{constructor(){this.held=new Map;this.moved=!1}get active(){return this.held.size>0}get dragging(){return this.active&&this.moved}down(e,t){this.held.size===0&&(this.moved=!1),this.held.set(e.id,{from:e,x:e.x});let r=[...this.held.keys()];if(r.length===2){this.moved=!0;let i=r.map(o=>ze(t.view,t.width,this.held.get(o)?.x??0));this.pinch={ids:[r[0],r[1]],moments:[i[0],i[1]]}}}move(e,t){let r=this.held.get(e.id);if(r===void 0)return at;if(this.held.set(e.id,{from:r.from,x:e.x}),this.moved||=Math.abs(e.x-r.from.x)>Kn,this.pinch!==void 0)return this.pinched(t,this.pinch);if(!this.moved||t.whole)return at;let i=(r.x-e.x)/t.width*k(t.view);return{kind:"view",view:_e(t.view,t.length,i)}}up(e,t){let r=this.held.get(e.id);this.held.delete(e.id);let i=this.pinch===void 0;return this.held.size===0&&(this.pinch=void 0),r===void 0||!i?at:(this.moved||=Math.abs(e.x-r.from.x)>Kn,!this.moved&&Math.abs(e.y-r.from.y)<=Kn?{kind:"tap",x:e.x,y:e.y}:id(r.from,e,t))}cancel(e){this.held.delete(e),this.held.size===0&&(this.pinch=void 0)}pinched(e,t){let[r,i]=t.ids.map(a=>this.held.get(a)?.x);return r===void 0||i===void 0?at:{kind:"view",view:Zi(t.moments,[r,i],e.width,e.length)}}};function id(n,e,t){let r=e.x-n.x,i=Math.abs(e.y-n.y),o=e.time-n.time<=rd;return!e.touch||!t.whole||!o||Math.abs(r)<Math.max(nd,2*i)?at:{kind:"swipe",to:r>0?"previous":"next"}}var od=.002,ad=.008,sd=16,ld={ArrowRight:"next",ArrowLeft:"previous",PageDown:"nextNotable",PageUp:"previousNotable",Home:"first",End:"last"},Wt=class{constructor(e){this.host=e;this.gestures=new Vt;this.onKey=e=>{e.altKey||e.ctrlKey||e.metaKey||!this.press(e.key,e.shiftKey)||(e.preventDefault(),e.stopPropagation())};this.onDown=e=>{e.button===0&&(this.host.canvas.setPointerCapture(e.pointerId),this.gestures.down(this.pointer(e),this.host.plot))};this.onMove=e=>{if(this.gestures.active){this.act(this.gestures.move(this.pointer(e),this.host.plot),e),this.host.drag(this.gestures.dragging);return}e.pointerType==="mouse"&&this.host.hover(e)};this.onUp=e=>{this.act(this.gestures.up(this.pointer(e),this.host.plot),e),this.host.drag(this.gestures.dragging)};this.onCancel=e=>{this.gestures.cancel(e.pointerId),this.host.drag(this.gestures.dragging)};this.onLeave=()=>{this.gestures.active||this.host.hover(void 0)};this.onWheel=e=>{let{host:t}=this,{length:r,view:i,whole:o,width:a}=t.plot,s=e.deltaMode===WheelEvent.DOM_DELTA_LINE?sd:1,l=Math.abs(e.deltaX)>Math.abs(e.deltaY);if(l&&!o){e.preventDefault(),t.show(_e(i,r,e.deltaX*s/a*k(i)));return}let d=e.ctrlKey||e.metaKey,h=o&&e.deltaY>0;if(l||!d&&(!t.focused||h))return;e.preventDefault();let m=Math.exp(-e.deltaY*s*(d?ad:od));t.show(Pt(i,r,ze(i,a,this.place(e).x),m))}}place(e){let t=this.host.canvas.getBoundingClientRect();return{x:e.clientX-t.left-A,y:e.clientY-t.top}}pointer(e){let t=e.pointerType!=="mouse";return{...this.place(e),id:e.pointerId,time:e.timeStamp,touch:t}}act(e,t){switch(e.kind){case"view":this.host.show(e.view);return;case"tap":this.host.choose(t);return;case"swipe":this.host.swipe(e.to);return;case"none":}}press(e,t){let{host:r}=this,{length:i,view:o}=r.plot,a=ld[e];if(t&&(a==="next"||a==="previous"))return r.show(_e(o,i,k(o)/4*(a==="next"?1:-1))),!0;if(a!==void 0)return r.go(a),!0;switch(e){case"+":case"=":return r.zoomBy(1),!0;case"-":return r.zoomBy(-1),!0;case"0":return r.show(be(i)),!0;case"Escape":return this.escape();default:return!1}}escape(){let{length:e,whole:t}=this.host.plot;return t?this.host.clear():(this.host.show(be(e)),!0)}};function yo(n){let e=jr(n,"--limber-text","--limber-line","--limber-surface","--limber-left","--limber-right","--limber-both","--limber-unknown","--limber-series","--limber-cramp","--limber-awakening","--limber-position","--limber-in-bed","--limber-asleep","--limber-gap","--limber-factor"),t=e["--limber-surface"];return{text:e["--limber-text"],line:e["--limber-line"],surface:CSS.supports("color",t)?t:"transparent",sides:{left:e["--limber-left"],right:e["--limber-right"],both:e["--limber-both"],unknown:e["--limber-unknown"]},series:e["--limber-series"],cramp:e["--limber-cramp"],awakening:e["--limber-awakening"],position:e["--limber-position"],inBed:e["--limber-in-bed"],asleep:e["--limber-asleep"],gap:e["--limber-gap"],factor:e["--limber-factor"]}}var wo=$`
  :host {
    display: block;
    user-select: none;
    -webkit-user-select: none;
  }
  .plot {
    position: relative;
    /* What moves here moves nothing outside. */
    contain: layout style;
    /* Time runs from left to right in every language. */
    direction: ltr;
    margin: 0 -8px;
  }
  canvas {
    display: block;
    width: 100%;
    height: 100%;
    border-radius: 4px;
    /* A vertical move scrolls the page; everything else is ours. */
    touch-action: pan-y;
    cursor: crosshair;
  }
  canvas.zoomed {
    cursor: grab;
  }
  canvas.dragging {
    cursor: grabbing;
  }
  canvas:focus-visible {
    outline-offset: 0;
  }
  .label,
  .tick,
  .gap {
    position: absolute;
    pointer-events: none;
    font-size: 11px;
    line-height: 16px;
    white-space: nowrap;
  }
  .label {
    inset-inline-start: 8px;
    color: var(--limber-muted);
  }
  .label i {
    display: inline-block;
    width: 8px;
    height: 8px;
    margin-inline-end: 4px;
    border-radius: 2px;
  }
  .tick {
    color: var(--limber-muted);
    padding-top: 3px;
    font-variant-numeric: tabular-nums;
  }
  .gap {
    transform: translate(-50%, -50%);
    padding: 0 6px;
    border-radius: 8px;
    background: var(--limber-surface);
    color: var(--limber-muted);
  }
  .window {
    height: 3px;
    margin-top: 4px;
    border-radius: 2px;
    direction: ltr;
    position: relative;
  }
  .window.zoomed {
    background: var(--limber-line);
  }
  .window i {
    position: absolute;
    height: 100%;
    border-radius: inherit;
    background: var(--limber-muted);
  }
`;var ud=72,cd=2,md=90,z=class extends C{constructor(){super(...arguments);this.view={start:0,end:1};this.width=0;this.dragging=!1;this.drawn=!1;this.controls=new Wt(this);this.resized=new ResizeObserver(([t])=>{let r=t?.contentRect.width??0;this.width=Math.max(0,r-2*A)})}static{this.styles=[Q,wo]}get whole(){return Hn(this.view,this.model.length)}get plot(){return{view:this.view,length:this.model.length,width:this.width,whole:this.whole}}get focused(){return this.shadowRoot?.activeElement===this.canvas}show(t){this.view=t,this.tell("limber-view",this.whole)}showWhole(){this.show(be(this.model.length))}zoomBy(t){let{view:r,selected:i,model:o}=this,a=i===void 0?void 0:L(o,i),l=a!==void 0&&a>=r.start&&a<=r.end?a:(r.start+r.end)/2;this.show(Pt(r,o.length,l,2**t))}go(t){let r=no(this.model,this.selected,this.view,t);r!==void 0&&(this.select(r),this.show(Qi(this.view,this.model.length,L(this.model,r))))}clear(){let t=this.selected!==void 0;return this.select(void 0),t}hover(t){let r=t===void 0?void 0:this.targetUnder(t);Ot(r,this.hovered)||(this.hovered=r,this.tell("limber-select",r??this.selected??null))}choose(t){this.select(this.targetUnder(t))}swipe(t){this.tell("limber-swipe",t)}drag(t){this.dragging=t&&!this.whole}disconnectedCallback(){super.disconnectedCallback(),this.resized.disconnect()}connectedCallback(){super.connectedCallback();let t=this.renderRoot.querySelector(".plot");t!==null&&this.resized.observe(t)}firstUpdated(){let t=this.renderRoot.querySelector(".plot");this.resized.observe(t),this.width=Math.max(0,t.clientWidth-2*A)}willUpdate(t){if(!t.has("model"))return;let r=t.get("model");this.layout=Ki(this.model);let i=r?.data.night===this.model.data.night;this.view=i?Xi(this.view,r.length,this.model.length):be(this.model.length),r!==void 0&&(this.selected=i?jn(this.model,this.selected):void 0,this.hovered=i?jn(this.model,this.hovered):void 0,this.tell("limber-select",this.hovered??this.selected??null),this.tell("limber-view",this.whole))}render(){let{start:t,end:r}=this.view,i=this.texts.text("night.timeline",{start:this.words.time(t),end:this.words.time(r)}),o=this.dragging?"dragging":this.whole?"":"zoomed";return u`
      <div class="plot" style="height:${this.layout.height}px">
        <canvas
          class=${o}
          tabindex="0"
          role="application"
          aria-label=${i}
          aria-describedby="keys"
          @keydown=${this.controls.onKey}
          @pointerdown=${this.controls.onDown}
          @pointermove=${this.controls.onMove}
          @pointerup=${this.controls.onUp}
          @pointercancel=${this.controls.onCancel}
          @pointerleave=${this.controls.onLeave}
          @wheel=${this.controls.onWheel}
        ></canvas>
        ${this.layout.lanes.map(a=>this.renderLane(a))} ${this.renderGaps()}
        ${this.renderTicks()}
      </div>
      ${this.renderWindow()}
      <div id="keys" class="hidden">${this.texts.text("night.hint_keys")}</div>
    `}updated(t){(t.has("theme")||this.palette===void 0)&&(this.palette=yo(this)),this.width>0&&this.draw(this.palette)}renderLane(t){return u`<span class="label" style="top:${t.label}px"
      ><i style="background:var(--limber-${t.side})"></i>${this.texts.text(`night.lane_${t.side}`)}</span
    >`}renderTicks(){return this.ticks().map(t=>{let r=A+O(this.view,this.width,t),i=`${r}px`,o=`${this.layout.axis.top}px`,a=this.width+2*A-r,s=`translateX(min(max(-50%, -${r}px), calc(${a}px - 100%)))`,l=this.words.tick(t);return u`<span class="tick" aria-hidden="true" style=${Ut({left:i,top:o,transform:s})}
        >${l}</span
      >`})}renderGaps(){let t=this.layout.lanes[0];return t===void 0||this.width===0?c:this.model.gaps.map(r=>{let i=Math.max(0,O(this.view,this.width,r.start)),o=Math.min(this.width,O(this.view,this.width,r.end));if(o-i<md)return c;let a=`${A+(i+o)/2}px`,s=`${t.base}px`;return u`<span class="gap" aria-hidden="true" style=${Ut({left:a,top:s})}
        >${this.texts.text("night.legend_gap")}</span
      >`})}renderWindow(){let{view:t,model:r,whole:i}=this,o={left:`${t.start/r.length*100}%`,width:`${k(t)/r.length*100}%`};return u`<div class=${i?"window":"window zoomed"} aria-hidden="true">
      ${i?c:u`<i style=${Ut(o)}></i>`}
    </div>`}ticks(){let{data:t}=this.model;if(this.width===0)return[];let{start:r,end:i}=this.view;return this.clock.ticks(t.start+r,t.start+i,this.width,ud).map(o=>o-t.start)}draw(t){let{canvas:r,width:i,layout:o}=this,a=Math.min(window.devicePixelRatio||1,cd),s=[Math.round((i+2*A)*a),Math.round(o.height*a)];(r.width!==s[0]||r.height!==s[1])&&([r.width=0,r.height=0]=s);let l=r.getContext("2d");l!==null&&(l.setTransform(a,0,0,a,0,0),ao(l,{model:this.model,layout:o,view:this.view,width:i,ratio:a,palette:t,selected:this.hovered??this.selected,ticks:this.ticks()}),this.drawn=!0)}targetUnder(t){let r=t.pointerType==="mouse"?"mouse":"touch",i=this.controls.place(t);return eo(this.model,this.layout,this.view,this.width,i,r)}select(t){this.selected=t,this.hovered=void 0,this.tell("limber-select",t??null)}tell(t,r){this.dispatchEvent(new CustomEvent(t,{detail:r}))}};f([w({attribute:!1})],z.prototype,"model",2),f([w({attribute:!1})],z.prototype,"words",2),f([w({attribute:!1})],z.prototype,"texts",2),f([w({attribute:!1})],z.prototype,"clock",2),f([w({attribute:!1})],z.prototype,"theme",2),f([v()],z.prototype,"view",2),f([v()],z.prototype,"selected",2),f([v()],z.prototype,"hovered",2),f([v()],z.prototype,"width",2),f([v()],z.prototype,"dragging",2),f([G("canvas")],z.prototype,"canvas",2);var xo="limber-night-timeline";customElements.get(xo)===void 0&&customElements.define(xo,z);var ko=["last","tonight"],$o=["summary","hours","histogram"],hd={previous:b`<path d="M14.5 6 8.5 12l6 6"></path>`,next:b`<path d="m9.5 6 6 6-6 6"></path>`,zoom_in:b`<circle cx="10.5" cy="10.5" r="6"></circle><path d="m15 15 5 5M8 10.5h5M10.5 8v5"></path>`,zoom_out:b`<circle cx="10.5" cy="10.5" r="6"></circle><path d="m15 15 5 5M8 10.5h5"></path>`,zoom_all:b`<path d="M3 12h18M6.5 8.5 3 12l3.5 3.5M17.5 8.5 21 12l-3.5 3.5"></path>`},K=class extends x{constructor(){super(...arguments);this.heading="night.heading";this.whole=!0;this.loader=new J(this);this.live=new qt}static{this.styles=[x.styles,Ai]}static getConfigForm(){return X([P("night",ko),P("hide",$o,!0)])}static getStubConfig(){return{}}getCardSize(){return 12}getGridOptions(){return{columns:"full",min_columns:6}}checkConfig(t){let{night:r="last",hide:i=[]}=t;if(!ko.includes(r))throw new Error(y().text("night.config_night"));if(!Array.isArray(i)||!i.every(o=>$o.includes(o)))throw new Error(y().text("night.config_hide"))}connectedCallback(){super.connectedCallback(),this.stopListening=Ei(({device:t,night:r})=>this.showNight(t,r))}disconnectedCallback(){super.disconnectedCallback(),clearTimeout(this.timer),this.stopListening?.()}willUpdate(t){super.willUpdate(t),t.has("config")&&(this.wanted=void 0);let{hass:r,tonight:i,device:o}=this;if(r===void 0||i===void 0||o===void 0)return;this.loadedFor!==o&&(this.loadedFor!==void 0&&(this.wanted=void 0),this.loadedFor=o,this.loader.value=void 0);let{shown:a}=this;if(this.isMissing(a,i))return;let s=a.live?this.liveRevision(i):ue(i),l={device:o,...a,revision:s};this.loader.load(JSON.stringify([l,r.locale.language]),()=>We(r,l))}updated(){this.prefetch();let t=this.picture?.made;this.drawn!==t&&requestAnimationFrame(()=>{this.drawn=t})}renderCard(t,r){return u`<div class="body">
      ${this.renderOffline(r)} ${this.renderNight(r)}
    </div>`}get device(){if(this.hass===void 0||this.config===void 0)return;let t=ce(this.hass.devices,this.config.device);return"sleeper"in t?t.sleeper.device:void 0}get shown(){return this.wanted??(this.config?.night==="tonight"?Fn:Wn)}isMissing(t,r){return t.night!==void 0?!1:t.live?r.tonight===null:r.last_night===null}renderNight(t){let{loader:r,shown:i,texts:o}=this;if(this.isMissing(i,t)){let s=i.live?"night.not_tonight":"night.no_night";return[this.renderNav(void 0,jt(i,t)),this.renderText(s)]}let a=r.value;return r.error?.code==="no_night"?[this.renderNav(void 0,jt(i,t)),this.renderText("night.no_such_night")]:r.error!==void 0?[this.renderNav(void 0,jt(i,t)),this.renderError(r.error),u`<button class="retry" @click=${()=>r.retry()}>
          ${o.text("common.retry")}
        </button>`]:a===void 0?this.renderText("common.loading"):this.renderData(a,t)}renderData(t,r){let{config:i,loader:o,shown:a,texts:s}=this,l=this.pictureOf(t),{model:d,words:h}=l,m=!t.events_deleted&&(d.movements.count>0||d.inBed.length>0),g=i?.hide,p=[l,g];return u`
      ${this.renderNav(t,Ht(t,r))}
      <div class=${o.loading&&!a.live?"stale":""} aria-busy=${o.loading}>
        ${ge(p,()=>[co(d,s),this.renderSummary(l)])}
        ${m?this.renderTimeline(l):this.renderUnmeasured(t)}
        ${ge(p,()=>[m?lo(d,s):c,ho(d,h,s),po(t.diary,s),m?this.renderCharts(l):c])}
        ${ge([l,this.drawn===l],()=>this.drawn===l?go(d,h,s):c)}
      </div>
    `}renderSummary({model:t,words:r}){let i=this.config?.hide?.includes("summary")??!1;return t.data.live||i?c:u`<p class="summary">${r.summary()}</p>`}renderCharts({hours:t,words:r,histogram:i}){let{config:o,texts:a}=this,s=o?.hide??[];return u`<div class="charts">
      ${s.includes("hours")?c:Vi(t,r,a)}
      ${s.includes("histogram")?c:Ui(i,a)}
    </div>`}renderUnmeasured(t){return t.live?this.renderText("night.not_tonight"):this.renderText(t.events_deleted?"night.events_deleted":"night.not_measured")}renderTimeline(t){let{texts:r,selected:i}=this,{model:o,words:a,clock:s}=t;return u`
      <limber-night-timeline
        .model=${o}
        .words=${a}
        .texts=${r}
        .clock=${s}
        .theme=${this.hass?.themes}
        @limber-select=${this.onSelect}
        @limber-view=${this.onView}
        @limber-swipe=${this.onSwipe}
      ></limber-night-timeline>
      <div class="tools">
        ${mo(i===void 0?void 0:a.readout(i),r)}
        <div class="zoom">
          ${this.renderButton("zoom_out",this.whole,()=>this.timeline?.zoomBy(-1))}
          ${this.renderButton("zoom_in",!1,()=>this.timeline?.zoomBy(1))}
          ${this.renderButton("zoom_all",this.whole,()=>this.timeline?.showWhole())}
        </div>
      </div>
    `}renderNav(t,{previous:r,next:i}){let{texts:o}=this,a=t===void 0?"":this.pictureOf(t).words.dates,s=t?.live===!0;return u`<div class="nav">
      ${this.renderButton("previous",r===void 0,()=>this.show(r))}
      <div class="date" dir="auto" aria-live="polite">
        ${s?`${o.text("night.tonight")}, ${a}`:a}
      </div>
      ${this.renderButton("next",i===void 0,()=>this.show(i))}
    </div>`}renderButton(t,r,i){let o=this.texts.text(`night.${t}`);return u`<button
      class="icon"
      title=${o}
      aria-label=${o}
      ?disabled=${r}
      @click=${i}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">${hd[t]}</svg>
    </button>`}renderText(t){return u`<div class="message" role="status">${this.texts.text(t)}</div>`}pictureOf(t){let{texts:r}=this;return(this.picture?.data!==t||this.picture.texts!==r)&&(this.picture={data:t,texts:r,made:bo(t,r)}),this.picture.made}show(t){t!==void 0&&(this.wanted=t,this.selected=void 0,this.whole=!0)}showNight(t,r){if(t!==this.device||!this.checkVisibility())return!1;this.show({night:r,live:!1});let{top:i}=this.getBoundingClientRect();return(i<0||i>window.innerHeight/2)&&this.scrollIntoView({block:"start"}),!0}onSelect(t){this.selected=t.detail??void 0}onView(t){this.whole=t.detail}onSwipe(t){let{tonight:r}=this,i=this.loader.value;r!==void 0&&i!==void 0&&this.show(Ht(i,r)[t.detail])}liveRevision(t){let{revision:r,due:i}=this.live.at(t,performance.now());return clearTimeout(this.timer),i!==void 0&&(this.timer=setTimeout(()=>this.requestUpdate(),i)),r}prefetch(){let{hass:t,tonight:r,device:i,loader:o}=this,a=o.value;if(t===void 0||r===void 0||i===void 0||a===void 0||this.prefetchedFor===o.loadedKey)return;this.prefetchedFor=o.loadedKey;let{previous:s,next:l}=Ht(a,r);for(let d of[s,l])if(d!==void 0&&!d.live){let h={device:i,...d,revision:ue(r)};We(t,h).catch(()=>{})}}};f([v()],K.prototype,"wanted",2),f([v()],K.prototype,"selected",2),f([v()],K.prototype,"whole",2),f([v()],K.prototype,"drawn",2),f([G("limber-night-timeline")],K.prototype,"timeline",2);var{I:pd}=Tr,To=n=>n;var So=()=>document.createComment(""),Le=(n,e,t)=>{let r=n._$AA.parentNode,i=e===void 0?n._$AB:e._$AA;if(t===void 0){let o=r.insertBefore(So(),i),a=r.insertBefore(So(),i);t=new pd(o,a,n,n.options)}else{let o=t._$AB.nextSibling,a=t._$AM,s=a!==n;if(s){let l;t._$AQ?.(n),t._$AM=n,t._$AP!==void 0&&(l=n._$AU)!==a._$AU&&t._$AP(l)}if(o!==i||s){let l=t._$AA;for(;l!==o;){let d=To(l).nextSibling;To(r).insertBefore(l,i),l=d}}}return t},re=(n,e,t=n)=>(n._$AI(e,t),n),gd={},No=(n,e=gd)=>n._$AH=e,Mo=n=>n._$AH,Ft=n=>{n._$AR(),n._$AA.remove()};var Eo=(n,e,t)=>{let r=new Map;for(let i=e;i<=t;i++)r.set(n[i],i);return r},Gt=Y(class extends U{constructor(n){if(super(n),n.type!==Se.CHILD)throw Error("repeat() can only be used in text expressions")}dt(n,e,t){let r;t===void 0?t=e:e!==void 0&&(r=e);let i=[],o=[],a=0;for(let s of n)i[a]=r?r(s,a):a,o[a]=t(s,a),a++;return{values:o,keys:i}}render(n,e,t){return this.dt(n,e,t).values}update(n,[e,t,r]){let i=Mo(n),{values:o,keys:a}=this.dt(e,t,r);if(!Array.isArray(i))return this.ut=a,o;let s=this.ut??=[],l=[],d,h,m=0,g=i.length-1,p=0,_=o.length-1;for(;m<=g&&p<=_;)if(i[m]===null)m++;else if(i[g]===null)g--;else if(s[m]===a[p])l[p]=re(i[m],o[p]),m++,p++;else if(s[g]===a[_])l[_]=re(i[g],o[_]),g--,_--;else if(s[m]===a[_])l[_]=re(i[m],o[_]),Le(n,l[_+1],i[m]),m++,_--;else if(s[g]===a[p])l[p]=re(i[g],o[p]),Le(n,i[m],i[g]),g--,p++;else if(d===void 0&&(d=Eo(a,p,_),h=Eo(s,m,g)),d.has(s[m]))if(d.has(s[g])){let E=h.get(a[p]),Oe=E!==void 0?i[E]:null;if(Oe===null){let lt=Le(n,i[m]);re(lt,o[p]),l[p]=lt}else l[p]=re(Oe,o[p]),Le(n,i[m],Oe),i[E]=null;p++}else Ft(i[g]),g--;else Ft(i[m]),m++;for(;p<=_;){let E=Le(n,l[_+1]);re(E,o[p]),l[p++]=E}for(;m<=g;){let E=i[m++];E!==null&&Ft(E)}return this.ut=a,No(n,l),M}});var Ao=$`
  :host {
    display: block;
  }
  section {
    margin: 16px 0 0;
    padding: 12px 0 0;
    border-top: 1px solid var(--limber-line);
    color: var(--limber-text);
  }
  h3 {
    margin: 0 0 8px;
    font-size: var(--ha-font-size-m, 14px);
    font-weight: var(--ha-font-weight-medium, 500);
    line-height: 1.5;
  }
  .buttons {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
  }
  button {
    display: flex;
    align-items: center;
    gap: 8px;
    min-height: 40px;
    padding-block: 4px;
    padding-inline: 12px 16px;
    border: 1px solid var(--limber-muted);
    border-radius: 20px;
    background: none;
    line-height: 1.4;
    text-align: start;
    cursor: pointer;
  }
  button:hover {
    background: var(--limber-line);
  }
  button:disabled {
    opacity: 0.5;
    cursor: default;
  }
  button.logged {
    border-color: var(--limber-factor);
  }
  ha-icon {
    --mdc-icon-size: 20px;
    flex: none;
    color: var(--limber-muted);
  }
  .logged ha-icon {
    color: var(--limber-factor);
  }
  small {
    color: var(--limber-muted);
    font-size: var(--ha-font-size-s, 12px);
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
  p {
    margin: 8px 0 0;
    color: var(--limber-muted);
    line-height: 1.5;
  }
  .failure {
    padding-inline-start: 12px;
    border-inline-start: 4px solid var(--error-color, #db4437);
    color: var(--limber-text);
  }
`;function Co({factors:n,start:e}){let t=new Map;for(let{factor:r,time_ds:i}of n){let o=e+i/10;t.set(r,Math.max(o,t.get(r)??o))}return t}function Zn(n,e){let t=new Map(n);for(let[r,i]of e)t.set(r,Math.max(i,t.get(r)??i));return t}function Qn(n,e){return e===null?void 0:n.find(t=>t===Ge(e))}function zo(n,e,t,r){let i=Qn(e,r.trial);return[...new Set(e)].filter(o=>o!==i).map(o=>{let a=T(n,o),s=t.get(o);if(s===void 0)return{factor:o,name:a,time:void 0,label:n.text("tonight.log_new",{factor:a})};let l=n.time(s,r.time_zone);return{factor:o,name:a,time:l,label:n.text("tonight.log_again",{factor:a,time:l})}})}var Lo="limber-factor-log",Xn=new Map,j=class extends C{constructor(){super(...arguments);this.dark=!1;this.device="";this.factors=[];this.said="";this.own={key:"",times:Xn};this.loader=new J(this)}static{this.styles=[ke,Q,Ao]}willUpdate(t){let{hass:r,device:i,tonight:o}=this;this.own.key!==this.key&&(this.own={key:this.key,times:Xn},this.said="",this.failure=void 0);let a=ue(o);this.loader.load(`${this.key} ${a}`,()=>We(r,{device:i,live:!0,revision:a}))}render(){let{texts:t,factors:r,tonight:i}=this,o=Qn(r,i.trial),a=zo(t,r,this.times,i);return u`<section aria-labelledby="heading">
      <h3 id="heading">${t.text("tonight.log")}</h3>
      <div class="buttons">
        ${Gt(a,({factor:s})=>s,s=>this.renderButton(s))}
      </div>
      ${o===void 0?c:u`<p dir="auto">
            ${t.text("tonight.log_tried",{factor:T(t,o)})}
          </p>`}
      ${this.failure===void 0?c:u`<p class="failure" role="alert" dir="auto">${this.failure}</p>`}
      <p class="hidden" role="status">${this.said}</p>
    </section>`}renderButton({factor:t,name:r,time:i,label:o}){let a=this.sending===t;return u`<button
      type="button"
      class=${i===void 0?"":"logged"}
      aria-label=${o}
      aria-busy=${a}
      ?disabled=${!this.tonight.online}
      @click=${()=>{this.log(t,r)}}
    >
      <ha-icon
        aria-hidden="true"
        icon=${a?"mdi:dots-horizontal":i===void 0?"mdi:plus":"mdi:check"}
      ></ha-icon>
      <span dir="auto">${i===void 0?r:u`${r}, <small>${i}</small>`}</span>
    </button>`}get texts(){return me(this.hass.locale)}get key(){return`${this.device} ${this.tonight.tonight?.night??""}`}get times(){let{value:t,loadedKey:r}=this.loader,i=r?.startsWith(`${this.key} `)??!1,o=t!==void 0&&i?Co(t):Xn;return Zn(o,this.own.times)}async log(t,r){if(this.sending!==void 0)return;let{hass:i,device:o,key:a,texts:s}=this;this.sending=t,this.failure=void 0,this.said="";try{await i.callService("limber","log",{sleeper:o,factor:t}),this.confirm(a,t,r)}catch(l){let{message:d}=await Fe(i,l);this.failure=s.text("helps.failed",{reason:d})}finally{this.sending=void 0}}confirm(t,r,i){if(t!==this.key)return;let o=Date.now()/1e3;this.own={key:t,times:Zn(this.own.times,new Map([[r,o]]))};let a=this.texts.time(o,this.tonight.time_zone);this.said=this.texts.text("tonight.logged",{factor:i,time:a})}};f([w({attribute:!1})],j.prototype,"hass",2),f([w({type:Boolean,reflect:!0})],j.prototype,"dark",2),f([w()],j.prototype,"device",2),f([w({attribute:!1})],j.prototype,"tonight",2),f([w({attribute:!1})],j.prototype,"factors",2),f([v()],j.prototype,"sending",2),f([v()],j.prototype,"failure",2),f([v()],j.prototype,"said",2);customElements.get(Lo)===void 0&&customElements.define(Lo,j);var Ro=$`
  .status {
    display: flex;
    align-items: center;
    gap: 12px;
    margin: 0;
    font-size: var(--ha-font-size-l, 16px);
    line-height: 1.5;
  }
  .status ha-icon {
    flex: none;
    color: var(--state-icon-color, var(--limber-muted));
  }
  .status.series ha-icon {
    color: var(--limber-series);
  }
  .status.cramp ha-icon {
    color: var(--limber-cramp);
  }
  .status.cramp {
    font-weight: var(--ha-font-weight-bold, 700);
  }
  .status > span {
    flex: 1;
    min-width: 0;
  }
  .muted {
    margin: 4px 0 0;
    color: var(--limber-muted);
    line-height: 1.5;
  }
  .figures {
    container-type: inline-size;
    margin: 16px 0 8px;
  }
  dl {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(88px, 1fr));
    gap: 8px 16px;
    margin: 0;
  }
  /* Where four columns of 88px do not fit, the fourth figure would have a row of its own. */
  @container (max-width: 399.9px) {
    dl.four {
      grid-template-columns: repeat(2, 1fr);
    }
  }
  dl > div {
    display: flex;
    flex-direction: column-reverse;
    justify-content: flex-end;
  }
  dt {
    color: var(--limber-muted);
    font-size: var(--ha-font-size-s, 12px);
    line-height: 1.4;
    hyphens: auto;
  }
  dd {
    margin: 0;
    font-size: var(--ha-font-size-2xl, 24px);
    line-height: 1.3;
    font-variant-numeric: tabular-nums;
  }
  dd.words {
    font-size: var(--ha-font-size-m, 14px);
    color: var(--limber-muted);
  }
  ul {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(160px, 1fr));
    gap: 8px 16px;
    margin: 16px 0 0;
    padding: 12px 0 0;
    border-top: 1px solid var(--limber-line);
    list-style: none;
  }
  li {
    display: flex;
    align-items: center;
    gap: 12px;
    line-height: 1.4;
  }
  li ha-icon {
    flex: none;
    color: var(--limber-muted);
  }
  li.care ha-icon {
    color: var(--limber-cramp);
  }
  li small {
    display: block;
    color: var(--limber-muted);
    font-size: var(--ha-font-size-s, 12px);
  }
  li.care small {
    color: var(--limber-text);
  }
  button {
    flex: none;
    width: 40px;
    height: 40px;
    padding: 8px;
    border: none;
    border-radius: 50%;
    background: none;
    color: var(--limber-muted);
    cursor: pointer;
  }
  button:hover {
    background: var(--limber-line);
  }
  .line {
    padding: 12px 16px;
  }
  .line .count {
    flex: none;
    color: var(--limber-muted);
    font-variant-numeric: tabular-nums;
  }
`;var fd={not_worn:"tonight.sensor_not_worn",strap_loose:"tonight.sensor_strap_loose"};function Po(n,e){let t=i=>({time:n.time(i,e.time_zone)});if(e.cramp!==null)return{icon:"mdi:alert",text:n.text("tonight.cramp",t(e.cramp.start)),kind:"cramp"};if(e.paused)return{icon:"mdi:pause-circle",text:n.text("tonight.paused"),kind:"paused"};let r=e.tonight?.series_running??null;return r!==null?{icon:"mdi:repeat",text:n.text("tonight.series",t(r.start)),kind:"series"}:_d(n,e)}function _d(n,e){if(e.in_bed===!1)return{icon:"mdi:bed-empty",text:n.text("tonight.out_of_bed"),kind:"calm"};if(e.in_bed===null){let i=e.sensors.some(o=>o.connected)?"tonight.unknown":"tonight.not_connected";return{icon:"mdi:help-circle-outline",text:n.text(i),kind:"unknown"}}if(e.asleep===!0)return{icon:"mdi:sleep",text:n.text("tonight.asleep"),kind:"calm"};let t=e.asleep===!1?"tonight.awake":"tonight.in_bed";return{icon:"mdi:bed",text:n.text(t),kind:"calm"}}function Do(n,e){let{tonight:t}=e;if(t===null)return[];let r=(i,o,a=0)=>({label:n.text(i),value:o===null?n.text("tonight.not_measured"):n.number(o,a,!0)});return[r("tonight.movements",t.movements),r("tonight.plm",t.plm),r("tonight.plm_index",t.plm_index,1),...t.cramps===null?[]:[r("tonight.cramps",t.cramps)]]}function Oo(n,e){let t=e.tonight?.start??null;if(!(t===null||e.in_bed!==!0))return n.text("tonight.since",{time:n.time(t,e.time_zone)})}function qo(n,e){let{movements:t,plm_index:r}=e.last_night??{movements:null,plm_index:null};if(t===null)return;let i={movements:n.number(t)};return r===null?n.text("tonight.last_night_movements",i):n.text("tonight.last_night",{...i,index:n.number(r,1,!0)})}function Jn(n,e,t){let r=n.code("tonight",e.side===null?e.placement:`${e.side}_${e.placement}`),i=e.battery!==null&&e.battery<=t,o=[bd(n,e),...e.battery===null?[]:[vd(n,e.battery,i)]];return{name:r,text:o.join(" · "),icon:yd(e,i),needsCare:!e.connected||e.problem!==null||i}}function bd(n,e){return e.connected?e.problem===null?n.text("tonight.sensor_ok"):n.text(fd[e.problem]??"tonight.sensor_problem"):n.text("tonight.sensor_off")}function vd(n,e,t){let r=t?"tonight.battery_low":"tonight.battery";return n.text(r,{percent:n.percent(e)})}function yd(n,e){return n.connected?n.problem!==null?"mdi:alert-circle-outline":e?"mdi:battery-alert-variant-outline":"mdi:check-circle-outline":"mdi:access-point-network-off"}var Kt=class extends x{constructor(){super(...arguments);this.heading="tonight.heading"}static{this.styles=[x.styles,Ro]}static getConfigForm(){return X([Ir("compact"),P("log",At,!0,T)])}static getStubConfig(){return{}}getCardSize(){let{compact:t=!1,log:r=[]}=this.config??{};return t?1:r.length>0?7:5}getGridOptions(){return{columns:12,rows:"auto",min_columns:6}}checkConfig(t){if(t.compact!==void 0&&typeof t.compact!="boolean")throw new Error(y().text("tonight.config_compact"));let{log:r=[]}=t;if(!Array.isArray(r)||!r.every(i=>At.includes(i))){let i=At.join(", ");throw new Error(y().text("tonight.config_log",{factors:i}))}}get hasHeader(){return!this.config?.compact}renderActions(t,r){let i=this.pauseEntity(t);if(i===void 0||!r.online)return c;let o=this.texts.text(r.paused?"tonight.resume":"tonight.pause");return u`<button
      type="button"
      aria-label=${o}
      title=${o}
      @click=${()=>this.setPause(i,!r.paused)}
    >
      <ha-icon icon=${r.paused?"mdi:play":"mdi:pause"}></ha-icon>
    </button>`}renderCard(t,r){return this.config?.compact?this.renderLine(r):this.renderAll(t,r)}renderLine(t){let r=t.tonight?.movements??null,i=t.sensors.map(o=>Jn(this.texts,o,t.battery_low)).filter(o=>o.needsCare);return u`<div class="line">
      ${this.renderStatus(t,u`${i.map(({name:o,text:a,icon:s})=>u`<ha-icon role="img" icon=${s} title="${o}: ${a}" aria-label="${o}: ${a}">
              </ha-icon>`)}
          ${r===null?c:u`<span class="count">${this.texts.count("tonight.compact_count",r)}</span>`}`)}
      ${t.online?c:u`<p class="muted">${this.texts.text("common.offline")}</p>`}
    </div>`}renderAll(t,r){let{texts:i}=this,o=Oo(i,r),a=qo(i,r);return u`${this.renderOffline(r)}
      <div class="body">
        ${this.renderStatus(r)}
        ${r.cramp===null?c:u`<p class="muted">${i.text("tonight.cramp_help")}</p>`}
        ${o===void 0?c:u`<p class="muted">${o}</p>`}
        ${this.renderFigures(Do(i,r))}
        ${a===void 0?c:u`<p class="muted">${a}</p>`}
        ${this.renderLog(t,r)} ${this.renderSensors(r)}
      </div>`}renderLog({device:t},r){let i=this.config?.log??[];return i.length===0||!r.supports.includes("log")?c:u`<limber-factor-log
      .hass=${this.hass}
      .dark=${this.dark}
      .device=${t}
      .tonight=${r}
      .factors=${i}
    ></limber-factor-log>`}renderStatus(t,r=c){let{icon:i,text:o,kind:a}=Po(this.texts,t);return u`<p class="status ${a}" role=${a==="cramp"?"alert":"status"}>
      <ha-icon aria-hidden="true" icon=${i}></ha-icon><span>${o}</span>${r}
    </p>`}renderFigures(t){return u`<div class="figures">
      <dl class=${t.length===4?"four":""}>
        ${t.map(r=>this.renderFigure(r))}
      </dl>
    </div>`}renderFigure({label:t,value:r}){return u`<div>
      <dt>${t}</dt>
      <dd class=${/\d/.test(r)?"":"words"}>${r}</dd>
    </div>`}renderSensors(t){return t.sensors.length===0?c:u`<ul aria-label=${this.texts.text("tonight.sensors")}>
      ${Gt(t.sensors,r=>r.id,r=>{let i=Jn(this.texts,r,t.battery_low);return u`<li class=${i.needsCare?"care":""}>
            <ha-icon aria-hidden="true" icon=${i.icon}></ha-icon>
            <span>${i.name}<small>${i.text}</small></span>
          </li>`})}
    </ul>`}pauseEntity(t){return this.hass===void 0?void 0:zr(this.hass,t.device).get("switch.pause")}setPause(t,r){let i=r?"turn_on":"turn_off";this.hass?.callService("switch",i,{},{entity_id:t}).catch(()=>{})}};var Ho=Y(class extends U{constructor(n){if(super(n),n.type!==Se.ATTRIBUTE||n.name!=="class"||n.strings?.length>2)throw Error("`classMap()` can only be used in the `class` attribute and must be the only part in the attribute.")}render(n){return" "+Object.keys(n).filter(e=>n[e]).join(" ")+" "}update(n,[e]){if(this.st===void 0){this.st=new Set,n.strings!==void 0&&(this.nt=new Set(n.strings.join(" ").split(/\s/).filter(r=>r!=="")));for(let r in e)e[r]&&!this.nt?.has(r)&&this.st.add(r);return this.render(e)}let t=n.element.classList;for(let r of this.st)r in e||(t.remove(r),this.st.delete(r));for(let r in e){let i=!!e[r];i===this.st.has(r)||this.nt?.has(r)||(i?(t.add(r),this.st.add(r)):(t.remove(r),this.st.delete(r)))}return M}});var Re=5,Yn=24,jo=12;function Io(n){let e=n.map(kd),t=e.flatMap(d=>[...d.keys()]),r=Math.min(...t),i=Math.max(...t),o=xd(e.flatMap(d=>pe([...d.values()]))),a=e.flatMap((d,h)=>[...d].map(([m,g])=>({column:h,row:m-r,level:g===null?null:wd(g,o)}))),s=t.length===0?0:i-r+1;return{hours:Array.from({length:s},(d,h)=>(r+h+jo)%Yn),cells:a,limits:o}}function wd(n,e){return n<=0?0:1+e.filter(t=>n>t).length}function xd(n){let e=n.filter(r=>r>0).sort((r,i)=>r-i);if(e.length===0)return[];let t=Array.from({length:Re-1},(r,i)=>Qe(e,(i+1)/Re));return[...new Set(t)]}function kd(n){let e=n.nights.map($d),t=new Set(e.flatMap(r=>[...r.keys()]));return new Map([...t].map(r=>[r,kt(pe(e.map(i=>i.get(r)??null)))]))}function $d({row:n}){if(n===null||n.h0===null)return new Map;let e=n.h.findIndex(i=>i!==null),t=n.h.findLastIndex(i=>i!==null);if(e<0)return new Map;let r=(n.h0+Yn-jo)%Yn;return new Map(n.h.slice(e,t+1).map((i,o)=>[r+e+o,i]))}var st=[7,30,90,365],er=7,Sd=3,Zt=30+er;function Bo(n,e){let{measure:t,range:r}=e,i=Jr(n.nights,e.now,n.time_zone),o=Yr(n.nights,i,r+Zt),a=o.map(m=>xt(m,t.name)),s=o.slice(-r),l=$n(a).slice(-r),d=ni(s,ti(r,e.width)),h=d.map(m=>ri(m,t.name));return{measure:t,nights:s,measured:s.filter(q).length,begun:s.filter(({begun:m})=>m).length,columns:d,values:h,usual:l,highest:Math.max(0,...[...h,...l].map(m=>m?.high??0)),cramps:d.map(ii),lanes:si(d,n.trials),ratings:d.map(oi),heat:Io(d),periods:Vr(n.trials,s),trials:n.trials,comparison:Nd(a)}}function Nd(n){let e=Xe(n.slice(-er),Sd);if(e===null)return null;let t=n.slice(-Zt,-er),r=$n([...t,null]).at(-1)??null;return{recent:e.median,usual:r,verdict:r&&Md(e.median,r)}}function Md(n,e){return n<e.low?"less":n>e.high?"more":"as_usual"}function Uo(n){return n.some(e=>e.m!==null||e.d!==null||e.f.length>0)}function Vo(n,e){return u`<div class="controls">
    ${e.measures.length>1?Ed(n,e):c}
    <div class="ranges" role="radiogroup" aria-label=${n.text("trend.range")}>
      ${st.map(t=>Ad(n,e,t))}
    </div>
  </div>`}function Ed(n,e){let t=r=>e.chooseMeasure(r.target.value);return u`<select aria-label=${n.text("trend.measure")} @change=${t}>
    ${e.measures.map(({name:r,label:i})=>u`<option value=${r} ?selected=${r===e.measure.name}>
          ${n.text(i)}
        </option>`)}
  </select>`}function Ad(n,e,t){return u`<label title=${n.text(`trend.nights_${t}`)}>
    <input
      type="radio"
      name="range"
      aria-label=${n.text(`trend.nights_${t}`)}
      .checked=${t===e.range}
      @change=${()=>e.chooseRange(t)}
    />
    <span dir="auto" aria-hidden="true">${n.text(`trend.short_${t}`)}</span>
  </label>`}var Cd=/(\p{Nd}(?:[\p{Nd}.,'’\u00a0\u202f]*\p{Nd})?)/u;function Wo({model:n,texts:e}){let{comparison:t,measure:r}=n;if(t===null)return u`<p class="muted">${e.text("trend.too_few")}</p>`;let i=Ye(e,r,t.recent).split(Cd).map((o,a)=>a%2===1?o:u`<small>${o}</small>`);return u`<div class="headline">
    <div class="figure">${i}</div>
    <div>
      <p class="muted">${e.text("trend.last_week")}</p>
      <p class="verdict">${En(e,t)??c}</p>
      <p class="muted">
        <span dir="auto"
          >${t.usual===null?e.text("trend.usual_unknown"):Tt(e,r,t.usual)}</span
        >
      </p>
    </div>
  </div>`}function Fo(n,e){let t=n>=620,r=t?128:44;return{width:n,wide:t,rtl:e,left:e?4:r,plotWidth:Math.max(1,n-r-4)}}function Qt(n,e,t,r,i){return{left:n.left,width:n.plotWidth,top:t,height:r,nights:e,max:i}}function tr(n){return n.wide?200:150}function Go(n,e,t){return Qt(n,e,6,tr(n)-6,t)}function Pe(n,e){return Qt(n,e,0,14,1)}function Ko(n,e){return Qt(n,e,4,38,10)}function Zo(n,e,t){let r=Math.max(1,t.hours.length),i=n.wide?150:120,o=Math.min(14,Math.max(7,i/r));return Qt(n,e,0,Math.round(o*r),1)}function Qo(n,e,t){let r=e.at(-1)?.end??0,i=(t-n.left)/n.plotWidth*r,o=e.findIndex(({end:a})=>i<a);return o<0?e.length-1:o}var Xo="limber-night-card",Xt=class{open(e,t){let r=document.createElement(Xo);r.setConfig({type:`custom:${Xo}`,device:t.device}),r.hass=e,this.element=r,r.updateComplete.then(()=>Ct(t))}update(e){this.element!==void 0&&(this.element.hass=e)}clear(){this.element=void 0}};var zd=[1,2,2.5,5,10],Ld=[1,2,3,5,10],Rd=4;function Jo(n,e=!1){let t=Math.max(n,e?Rd:1),r=10**Math.floor(Math.log10(t/4)),o=(e?Ld:zd).map(s=>s*r).find(s=>s*4>=t)??10*r,a=Math.ceil(t/o-1e-9);return{max:a*o,ticks:Array.from({length:a+1},(s,l)=>l*o)}}var Pd=10,Dd=45,Od=38;function Yo(n,e){let t=n.length<=Pd?"weekday":n.length<=Dd?"day":"month",r=n.flatMap(({date:a},s)=>qd(a,t)?[s]:[]),i=Math.max(1,Math.floor(e/Od)),o=Math.ceil(r.length/i);return r.filter((a,s)=>(r.length-1-s)%o===0).map(a=>({index:a,kind:t,withYear:t==="month"&&(n[a]?.date??"").slice(5,7)==="01"}))}function qd(n,e){switch(e){case"weekday":return!0;case"day":return new Date(`${n}T00:00:00Z`).getUTCDay()===1;case"month":return n.endsWith("-01")}}function S(n){return Math.round(n*10)/10}function R(n,e){return n.left+e*n.width/n.nights}function Z(n,e){return n.top+n.height*(1-Math.min(e,n.max)/n.max)}function Jt(n,e){return R(n,(e.start+e.end)/2)}function nr({x:n,y:e},t){let r=S(t),i=o=>`a${r} ${r} 0 0 0 ${o} 0`;return`M${S(n-r)} ${S(e)}${i(2*r)}${i(-2*r)}z`}function Hd({x:n,y:e},t){let r=S(t);return`M${S(n)} ${S(e-t)}l${r} ${r}l${-r} ${r}l${-r} ${-r}z`}function De(n,e,t,r){return`M${S(n)} ${S(e)}h${S(t)}v${S(r)}h${S(-t)}z`}function ea(n,e){return ei(e).map(([t,r])=>na(n,t,r)).join("")}function ta(n,e){return e.filter(t=>$t(t)===0&&t.nights.some(Ze)).map(({start:t,end:r})=>na(n,t,r)).join("")}function na(n,e,t){let r=R(n,e);return De(r,n.top,R(n,t)-r,n.height)}function ra(n,e){let t="",r="";for(let[i,o]of jd(e)){let a=e.slice(i,o).flatMap((d,h)=>d===null?[]:[{x:S(R(n,i+h+.5)),...d}]),s=a.map(({x:d,high:h})=>`${d} ${S(Z(n,h))}`),l=a.map(({x:d,low:h})=>`${d} ${S(Z(n,h))}`).reverse();t+=`M${[...s,...l].join("L")}z`,r+=`M${a.map(d=>`${d.x} ${S(Z(n,d.median))}`).join("L")}`}return{band:t,median:r}}function jd(n){let e=[];return n.forEach((t,r)=>{if(t===null)return;let i=e.at(-1);i?.[1]===r?i[1]=r+1:e.push([r,r+1])}),e}function ia(n,e,t){let r=rr(n.width/e.length),i="",o="";return e.forEach((a,s)=>{let l=t[s]??null;if(l===null)return;let d=Jt(n,a);if(i+=nr({x:d,y:Z(n,l.median)},r),a.nights.length===1)return;let[h,m]=[Z(n,l.high),Z(n,l.low)];o+=De(d-r/2,h,r,m-h)}),{discs:i,bars:o}}function rr(n){return Math.min(5.5,Math.max(1.5,n*.36))}function ir(n,e,t){let r=Math.min(2.5,rr(n.width/e.length)),i="",o="",a=!1;return e.forEach((s,l)=>{let d=t[l]??null;if(d!==null){let h={x:Jt(n,s),y:Z(n,d)};i+=`${a?"L":"M"}${S(h.x)} ${S(h.y)}`,o+=nr(h,r)}a=d!==null}),{line:i,points:o}}function oa(n,e,t){return e.map((r,i)=>{let o=t[i]??0;if(o===0)return"";let a=Jt(n,r),s=n.width/e.length;if(r.nights.length>1){let d=Math.max(3,o*n.height),h=Math.min(s*.7,10);return De(a-h/2,n.top+n.height-d,h,d)}let l=Math.min(rr(s),n.height/2);return nr({x:a,y:n.top+n.height/2},l)}).join("")}function aa(n,e,t){return e.map((r,i)=>{let o=t[i]??0;if(o===0)return"";let a=Math.min(n.height/2,3.5+1.5*Math.min(o-1,2));return Hd({x:Jt(n,r),y:n.top+n.height/2},a)}).join("")}function sa(n,e,t){let r=Array.from({length:Re+1},()=>""),i="",o=n.height/Math.max(1,t.hours.length),a=n.width/e.length>6?1:0;for(let{column:s,row:l,level:d}of t.cells){let{start:h,end:m}=e[s]??{start:0,end:0},g=R(n,h),p=Math.max(.5,R(n,m)-g-a),_=De(g,n.top+l*o,p,o-Math.min(a,o/4));d===null?i+=_:r[d]=(r[d]??"")+_}return{levels:r,gaps:i}}function la({model:n,texts:e},t,r){let i=n.columns[t];if(i===void 0)return u`<div class="readout"></div>`;let o=i.nights.length===1,a=i.nights.filter(q).map(({date:s})=>{if(o)return u`<button @click=${()=>r(s)}>${e.text("trend.open")}</button>`;let l=e.text("trend.open_date",{date:e.date(s)});return u`<button aria-label=${l} @click=${()=>r(s)}>
      ${e.date(s,{weekday:"short"})}
    </button>`});return u`<div class="readout">
    <div class="what" aria-live="polite">
      <p>
        <span dir="auto">${An(e,i)}</span>
        · <span dir="auto" class="value">${Cn(e,n,t)}</span>
      </p>
      <p class="details">
        <span dir="auto">${zn(e,n,t).join(" · ")}</span>
      </p>
    </div>
    ${a.length===0?c:u`<div class="nights">${a}</div>`}
  </div>`}var da=$`
  :host {
    container-type: inline-size;
  }
  .controls {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    justify-content: space-between;
    align-items: center;
  }
  select,
  .ranges label {
    min-height: 36px;
    box-sizing: border-box;
    font: inherit;
    color: var(--limber-text);
  }
  select {
    flex: 1 1 180px;
    max-width: 320px;
    min-width: 0;
    padding: 0 8px;
    border: 1px solid var(--limber-muted);
    border-radius: 8px;
    background: var(--limber-surface);
  }
  .ranges {
    display: flex;
    border: 1px solid var(--limber-muted);
    border-radius: 8px;
    margin: 0;
    padding: 0;
    overflow: hidden;
  }
  .ranges label {
    display: flex;
    align-items: center;
    padding: 0 10px;
    cursor: pointer;
  }
  .ranges label + label {
    border-inline-start: 1px solid var(--limber-line);
  }
  .ranges label:has(:checked) {
    background: var(--limber-text);
    color: var(--limber-surface);
  }
  .ranges label:has(:focus-visible) {
    outline: 2px solid var(--primary-color, #009ac7);
    outline-offset: -3px;
  }
  .ranges input {
    position: absolute;
    opacity: 0;
    width: 1px;
    height: 1px;
    margin: 0;
  }
  .headline {
    display: grid;
    grid-template-columns: auto 1fr;
    column-gap: 14px;
    align-items: center;
    margin: 12px 0 4px;
  }
  .headline .figure {
    font-size: 30px;
    line-height: 36px;
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
  .headline .figure small {
    font-size: 14px;
    color: var(--limber-muted);
  }
  .headline p {
    margin: 0;
    line-height: 18px;
  }
  .headline .verdict {
    font-weight: var(--ha-font-weight-medium, 500);
  }
  .muted,
  .note,
  .caption,
  .readout .details {
    color: var(--limber-muted);
  }
  .plots {
    position: relative;
    margin-top: 8px;
  }
  .plots svg {
    display: block;
    direction: ltr;
    overflow: visible;
  }
  svg.defs {
    position: absolute;
  }
  .periods {
    height: 18px;
  }
  .period {
    position: absolute;
    top: 0;
    bottom: 0;
    box-sizing: border-box;
    background: color-mix(in srgb, var(--limber-unknown) 13%, transparent);
    border-radius: 4px;
  }
  .period span {
    display: block;
    padding: 0 4px;
    font-size: 11px;
    line-height: 18px;
    color: var(--limber-text);
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .panel,
  .lane {
    position: relative;
  }
  .panel {
    margin-top: 10px;
  }
  .caption {
    margin: 0;
    font-size: 12px;
    line-height: 16px;
  }
  .lane {
    margin-top: 3px;
  }
  .lane .caption {
    display: block;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .plots.wide .lane .caption {
    position: absolute;
    left: 0;
    width: 118px;
    line-height: 14px;
  }
  .plots.rtl .lane .caption {
    left: auto;
    right: 0;
    text-align: right;
  }
  .label {
    font-size: 11px;
    fill: var(--limber-muted);
  }
  .grid,
  .tick {
    stroke: var(--limber-line);
    fill: none;
    shape-rendering: crispEdges;
  }
  .tick {
    stroke: var(--limber-muted);
  }
  .unmeasured {
    fill: url(#hatch);
  }
  .hatch {
    fill: var(--limber-gap);
    opacity: 0.55;
  }
  .band {
    fill: color-mix(in srgb, var(--limber-left) 20%, transparent);
  }
  .median {
    fill: none;
    stroke: var(--limber-left);
    stroke-width: 1.5;
    stroke-linejoin: round;
    opacity: 0.75;
  }
  .discs {
    fill: var(--limber-left);
    stroke: var(--limber-surface);
    stroke-width: 1;
  }
  .dense .discs {
    stroke: none;
  }
  .bars {
    fill: color-mix(in srgb, var(--limber-left) 55%, transparent);
  }
  .cramps {
    fill: var(--limber-cramp);
  }
  .factor {
    fill: var(--limber-factor);
  }
  .line {
    fill: none;
    stroke-width: 1.75;
    stroke-linejoin: round;
  }
  .line.evening {
    stroke: var(--limber-both);
  }
  .points.evening {
    fill: var(--limber-both);
  }
  .line.quality {
    stroke: var(--limber-right);
    stroke-dasharray: 4 3;
  }
  .points.quality {
    fill: var(--limber-right);
  }
  .key {
    display: inline-flex;
    align-items: center;
  }
  .key::before {
    content: "";
    width: 18px;
    margin-inline-end: 5px;
    border-top: 2px solid var(--limber-both);
  }
  .key.quality {
    margin-inline-start: 12px;
  }
  .key.quality::before {
    border-top: 2px dashed var(--limber-right);
  }
  .level0 {
    --heat: var(--limber-heat-low);
  }
  .level1 {
    --heat: color-mix(in oklab, var(--limber-heat-high) 18%, var(--limber-heat-low));
  }
  .level2 {
    --heat: color-mix(in oklab, var(--limber-heat-high) 38%, var(--limber-heat-low));
  }
  .level3 {
    --heat: color-mix(in oklab, var(--limber-heat-high) 58%, var(--limber-heat-low));
  }
  .level4 {
    --heat: color-mix(in oklab, var(--limber-heat-high) 79%, var(--limber-heat-low));
  }
  .level5 {
    --heat: var(--limber-heat-high);
  }
  .heat {
    fill: var(--heat);
    shape-rendering: crispEdges;
  }
  .legend,
  .scale {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 14px;
    margin: 6px 0 0;
    padding: 0;
    list-style: none;
    font-size: 12px;
    line-height: 18px;
    color: var(--limber-muted);
  }
  .legend li,
  .scale li {
    display: inline-flex;
    align-items: center;
    gap: 5px;
  }
  .scale {
    gap: 2px 10px;
  }
  .scale i {
    width: 12px;
    height: 12px;
    border-radius: 2px;
    background: var(--heat);
    box-shadow: inset 0 0 0 1px var(--limber-line);
  }
  .cursor {
    position: absolute;
    top: 0;
    bottom: 0;
    box-sizing: border-box;
    min-width: 2px;
    border-radius: 3px;
    pointer-events: none;
    background: color-mix(in srgb, var(--limber-text) 10%, transparent);
    box-shadow: 0 0 0 1px color-mix(in srgb, var(--limber-text) 55%, transparent);
  }
  .touch {
    position: absolute;
    inset: 0;
    border-radius: 4px;
    cursor: pointer;
    /* Across: from night to night. Up and down scrolls the page. */
    touch-action: pan-y;
  }
  .note {
    margin: 4px 0 0;
    font-size: 12px;
  }
  .readout {
    box-sizing: border-box;
    /* As high as it ever gets: the plots must not jump while the pointer moves. */
    height: 148px;
    margin-top: 8px;
    padding: 8px 12px;
    border-radius: 8px;
    background: color-mix(in srgb, var(--limber-text) 5%, transparent);
    display: flex;
    flex-direction: column;
    justify-content: space-between;
    gap: 4px 12px;
  }
  .readout p {
    margin: 0;
    line-height: 18px;
  }
  .readout .what {
    min-width: 0;
  }
  .readout .value {
    font-weight: var(--ha-font-weight-medium, 500);
  }
  .readout .details {
    display: -webkit-box;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 4;
    overflow: hidden;
    font-size: 13px;
  }
  .readout .nights {
    flex-wrap: nowrap;
    overflow-x: auto;
  }
  .readout .nights button {
    padding: 0 8px;
  }
  @container (min-width: 652px) {
    .readout {
      height: 70px;
      flex-direction: row;
      align-items: center;
    }
    .readout .details {
      -webkit-line-clamp: 2;
    }
    .readout .nights {
      flex: none;
    }
  }
  .nights {
    display: flex;
    flex-wrap: wrap;
    gap: 4px;
  }
  .nights button,
  .retry button,
  .close {
    min-height: 32px;
    padding: 0 10px;
    border: 1px solid var(--limber-muted);
    border-radius: 16px;
    background: none;
    cursor: pointer;
    white-space: nowrap;
  }
  .nights button:hover,
  .retry button:hover,
  .close:hover {
    background: color-mix(in srgb, var(--limber-text) 8%, transparent);
  }
  dialog {
    width: min(900px, 100vw - 32px);
    max-height: calc(100vh - 32px);
    box-sizing: border-box;
    padding: 0;
    border: 0;
    border-radius: 16px;
    background: var(--limber-surface);
    color: var(--limber-text);
  }
  dialog::backdrop {
    background: rgba(0, 0, 0, 0.5);
  }
  dialog .actions {
    position: sticky;
    bottom: 0;
    background: var(--limber-surface);
    border-top: 1px solid var(--limber-line);
    display: flex;
    justify-content: flex-end;
    padding: 8px 16px;
  }
`;var ua=18,Ud=22,Vd=48,ca=b`<svg class="defs" width="0" height="0" aria-hidden="true"><defs>
  <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
    <rect class="hatch" width="1.4" height="5"></rect>
  </pattern>
</defs></svg>`;function ma({model:n,layout:e,texts:t}){let r=Pe(e,n.nights.length);return n.periods.map(({trial:i,start:o,end:a})=>{let s=R(r,o),l=R(r,a)-s;return u`<div class="period" style=${`left:${s}px;width:${l}px`}>
      ${l<Vd?c:u`<span dir="auto">${Mn(t,i)}</span>`}
    </div>`})}function ha(n){let{model:e,layout:t}=n,r=Jo(e.highest,e.measure.unit===void 0),i=Go(t,e.nights.length,r.max),o=ra(i,e.usual),a=ia(i,e.columns,e.values),s=tr(t)+ua;return Yt(t,s,b`${r.ticks.map(l=>pa(n,i,l))}
      <path class="unmeasured" d=${ea(i,e.nights)}></path>
      <path class="band" d=${o.band}></path>
      <path class="median" d=${o.median}></path>
      <path class="bars" d=${a.bars}></path>
      <path class="discs" d=${a.discs}></path>
      ${Wd(n,i)}`)}function pa({layout:n,texts:e},t,r){let i=Z(t,r);return b`<path class="grid" d=${`M${t.left} ${i}h${t.width}`}></path>
    ${ga(n,i,e.number(r,1))}`}function ga({left:n,plotWidth:e,rtl:t},r,i){let o=t?n+e+6:n-6;return b`<text class="label" x=${o} y=${r+4} text-anchor=${t?"start":"end"}>${i}</text>`}function Wd(n,e){let{model:t,layout:r}=n;return Yo(t.nights,r.plotWidth).map(i=>{let o=R(e,i.index+(i.kind==="month"?0:.5)),a=t.nights[i.index]?.date??"",s=e.top+e.height;return b`<path class="tick" d=${`M${o} ${s}v4`}></path>
      <text class="label" x=${o} y=${s+ua-4} text-anchor=${i.kind==="month"?"start":"middle"}>${Fd(n,i,a)}</text>`})}function Fd({texts:n},{kind:e,withYear:t},r){switch(e){case"weekday":return n.date(r,{weekday:"short"});case"day":return n.date(r,{day:"numeric",month:"short"});case"month":return n.date(r,t?{year:"numeric"}:{month:"short"})}}function fa(n){let{model:e,layout:t,texts:r}=n,i=Pe(t,e.nights.length),o=aa(i,e.columns,e.cramps);return ba(n,r.text("trend.lane_cramps"),"cramps",o)}function _a(n){let{model:e,layout:t,texts:r}=n,{lanes:i,others:o}=e.lanes,a=Pe(t,e.nights.length),s=l=>T(r,l);return[i.map(({factor:l,shares:d})=>ba(n,s(l),"factor",oa(a,e.columns,d))),o.length===0?c:u`<p class="note">
          ${r.text("trend.more_factors",{factors:r.list(o.map(s))})}
        </p>`]}function ba({layout:n,model:e},t,r,i){let a=r==="factor"&&ka(e)?14-.5:14/2;return u`<div class="lane">
    <span class="caption" dir="auto" title=${t}>${t}</span>
    ${Yt(n,14,b`<path class="grid" d=${`M${n.left} ${a}h${n.plotWidth}`}></path>
        <path class=${r} d=${i}></path>`)}
  </div>`}function va(n){let{model:e,layout:t,texts:r}=n,{columns:i,ratings:o}=e;if(o.every(({evening:d,quality:h})=>d===null&&h===null))return c;let a=Ko(t,e.nights.length),s=ir(a,i,o.map(d=>d.evening)),l=ir(a,i,o.map(d=>d.quality));return u`<div class="panel">
    <p class="caption">
      <span class="key evening">${r.text("trend.evening")}</span>
      <span class="key quality">${r.text("trend.quality")}</span>
    </p>
    ${Yt(t,46,b`${[0,10].map(d=>pa(n,a,d))}
        <path class="line quality" d=${l.line}></path>
        <path class="points quality" d=${l.points}></path>
        <path class="line evening" d=${s.line}></path>
        <path class="points evening" d=${s.points}></path>`)}
  </div>`}function ya(n){let{model:e,layout:t,texts:r}=n,{heat:i,nights:o,columns:a}=e;if(i.hours.length===0)return c;let s=Zo(t,o.length,i),l=sa(s,a,i);return u`<div class="panel">
    <p class="caption">${r.text("trend.heat")}</p>
    ${Yt(t,s.top+s.height,b`<path class="unmeasured" d=${ta(s,a)}></path>
        <path class="unmeasured" d=${l.gaps}></path>
        ${l.levels.map((d,h)=>b`<path class=${`heat level${h}`} d=${d}></path>`)}
        ${Gd(n,s)}`)}
  </div>`}function Gd({model:n,layout:e,texts:t},r){let{hours:i}=n.heat,o=r.height/i.length,a=Math.ceil(Ud/o);return i.flatMap((s,l)=>s%a===0&&l>0?[ga(e,r.top+l*o,t.clockHour(s))]:[])}function wa({model:n,texts:e}){let{limits:t,hours:r}=n.heat;if(r.length===0)return c;let i=Array.from({length:Re+1},(a,s)=>s),o=a=>{if(a===0)return e.number(0);let s=t[a-1];return s!==void 0?`≤ ${e.number(s)}`:`> ${e.number(t.at(-1)??0)}`};return u`<ul class="scale">
    ${i.slice(0,t.length+2).map(a=>u`<li><i class=${`level${a}`}></i><span dir="auto">${o(a)}</span></li>`)}
    <li>${e.text("trend.per_hour",{value:""}).trim()}</li>
  </ul>`}function xa({model:n,texts:e},t){let r=(i,o)=>u`<li>
      <svg width="18" height="12" aria-hidden="true">${o}</svg>
      <span dir="auto">${e.text(`trend.${i}`)}</span>
    </li>`;return u`<ul class="legend">
    ${ka(n)?r("key_week",b`<path class="bars" d=${De(8,0,2,12)}></path><circle class="discs" cx="9" cy="6" r="3.5"></circle>`):r("key_night",b`<circle class="discs" cx="9" cy="6" r="4"></circle>`)}
    ${r("key_usual",b`<rect class="band" width="18" height="12"></rect><path class="median" d="M0 6h18"></path>`)}
    ${Kd(n,t)?r("key_unmeasured",b`<rect class="unmeasured" width="18" height="12"></rect>`):c}
  </ul>`}function Kd({nights:n,heat:e},t){return n.some(Ze)||t&&e.cells.some(({level:r})=>r===null)}function ka(n){return(n.columns.at(-1)?.nights.length??1)>1}function Yt({width:n},e,t){return u`<svg width=${n} height=${e} viewBox=${`0 0 ${n} ${e}`} aria-hidden="true">
    ${t}
  </svg>`}var $a=["cramps","factors","diary","hours"],en=90,Zd=90+Zt,Qd=365,Ta=0,I=class extends x{constructor(){super(...arguments);this.heading="trend.heading";this.width=Ta;this.loader=new $e(this);this.nightDialog=new Xt;this.resize=new ResizeObserver(()=>this.measureWidth())}static{this.styles=[x.styles,da]}static getConfigForm(){return X([P("nights",st.map(String)),P("measure",Je),P("hide",$a,!0)])}static getStubConfig(){return{}}getCardSize(){return 10}getGridOptions(){return{columns:"full",min_columns:6}}checkConfig(t){let{nights:r=en,measure:i=Je[0]??"",hide:o=[]}=t,a=y();if(Sa(r)===void 0)throw new Error(a.text("trend.config_nights"));if(!Je.includes(i))throw new Error(a.text("trend.config_measure",{measures:Je.join(", ")}));if(!Array.isArray(o)||!o.every(s=>$a.includes(s)))throw new Error(a.text("trend.config_hide"))}disconnectedCallback(){super.disconnectedCallback(),this.resize.disconnect(),this.observed=void 0}willUpdate(t){super.willUpdate(t),t.has("config")&&(this.range=void 0,this.measure=void 0,this.chosen=void 0);let{hass:r,config:i,tonight:o}=this;r!==void 0&&this.nightDialog.update(r);let a=this.shownRange>90?Qd:Zd;this.loader.loadLast(a,r,i,o)}updated(t){super.updated(t);let{body:r}=this;r===null||r===this.observed||(this.observed!==void 0&&this.resize.unobserve(this.observed),this.observed=r,this.resize.observe(r),this.measureWidth())}renderCard(t,r){return u`<div class="body">
      ${this.renderOffline(r)} ${this.renderNights(t)}
    </div>`}get shownRange(){return this.range??Sa(this.config?.nights??en)??en}get drawnRange(){return this.shownRange>this.loader.reach?en:this.shownRange}renderNights(t){let{error:r}=this.loader,i=this.loader.dataOf(t.device);if(i===void 0)return r===void 0?this.renderLoading():[this.renderError(r),this.loader.renderRetry(this.texts)];let o=di(i.nights,this.measure??this.config?.measure);return Uo(i.nights)?o===void 0?u`<div class="message">${this.texts.text("trend.nothing_measured")}</div>`:[this.renderChoices(i,o),r===void 0?c:[this.renderError(r),this.loader.renderRetry(this.texts)],this.renderTrend(i,o,t)]:u`<div class="message">${this.texts.text("trend.no_nights")}</div>`}renderChoices(t,r){return Vo(this.texts,{measures:Sn(t.nights),measure:r,range:this.shownRange,chooseMeasure:i=>{this.measure=i},chooseRange:i=>{this.range=i,this.chosen=void 0,this.hovered=void 0}})}renderTrend(t,r,i){if(this.width===Ta)return c;let{texts:o}=this,a=Fo(this.width,getComputedStyle(this).direction==="rtl"),s=this.modelOf(t,r,a),l={model:s,layout:a,texts:o},d=s.columns.length-1,h=Math.min(this.hovered??this.chosen??d,d);return u`${Wo(l)}
      ${la(l,h,m=>this.open(i,m))}
      <p class="hidden">${ge([s,o],()=>ui(o,s))}</p>
      ${this.renderPlots(l,h,i)}
      ${this.isHidden("hours")?c:wa(l)}
      ${xa(l,!this.isHidden("hours"))}
      ${this.renderKeptBack(s,o)}
      <dialog
        aria-label=${o.text("night.heading",{name:i.name})}
        @close=${()=>this.closeNight()}
      >
        ${this.nightDialog.element??c}
        <form method="dialog" class="actions">
          <button class="close">${o.text("trend.close")}</button>
        </form>
      </dialog>`}renderPlots(t,r,i){let{model:o,layout:a}=t,s=a.plotWidth/o.columns.length<8,l={plots:!0,wide:a.wide,rtl:a.rtl,dense:s};return u`<div class=${Ho(l)}>
      ${ge([o,a.rtl,t.texts,this.config],()=>this.renderMarks(t))}
      ${this.renderCursor(t)}
      <div
        class="touch"
        role="slider"
        tabindex="0"
        aria-label=${this.texts.text("trend.slider")}
        aria-valuemin="1"
        aria-valuemax=${o.columns.length}
        aria-valuenow=${r+1}
        aria-valuetext=${ci(this.texts,o,r)}
        @pointerdown=${()=>{this.chosenBefore=this.chosen}}
        @pointermove=${d=>this.onMove(d,t)}
        @pointerleave=${()=>{this.hovered=void 0}}
        @click=${d=>this.onClick(d,t,i)}
        @keydown=${d=>this.onKey(d,t,r,i)}
      ></div>
    </div>`}renderMarks(t){return u`${ca}
    ${t.model.periods.length===0?c:u`<div class="periods">${ma(t)}</div>`}
    ${ha(t)} ${this.isHidden("cramps")?c:fa(t)}
    ${this.isHidden("factors")?c:_a(t)}
    ${this.isHidden("diary")?c:va(t)}
    ${this.isHidden("hours")?c:ya(t)}`}isHidden(t){return this.config?.hide?.includes(t)??!1}renderKeptBack(t,r){return t.periods.some(({trial:o})=>o.status==="running")?u`<p class="note"><span dir="auto">${r.text("trend.kept_back")}</span></p>`:c}renderCursor({model:t,layout:r}){let i=t.columns[this.hovered??this.chosen??-1];if(i===void 0)return c;let o=Pe(r,t.nights.length),a=R(o,i.start),s=R(o,i.end)-a;return u`<div class="cursor" style=${`left:${a}px;width:${s}px`}></div>`}modelOf(t,r,i){let o=Date.now()/1e3,a=this.drawnRange,s=[r.name,a,i.plotWidth,Math.floor(o/3600)].join();if(this.made?.data!==t||this.made.key!==s){let l={measure:r,range:a,width:i.plotWidth,now:o};this.made={data:t,key:s,model:Bo(t,l)}}return this.made.model}measureWidth(){let{body:t}=this;if(t===null)return;let{paddingLeft:r,paddingRight:i}=getComputedStyle(t),o=t.clientWidth-parseFloat(r)-parseFloat(i);o>0&&(this.width=Math.floor(o))}columnOf(t,{model:r,layout:i}){let{left:o}=t.currentTarget.getBoundingClientRect();return Qo(i,r.columns,t.clientX-o)}onMove(t,r){let i=this.columnOf(t,r);t.pointerType==="mouse"?this.hovered=i:this.chosen=i}onClick(t,r,i){let o=this.columnOf(t,r),a=t.pointerType==="mouse"||this.chosenBefore===o;this.chosen=o,a&&this.openColumn(r,o,i)}onKey(t,r,i,o){let a=r.model.columns.length-1,l={ArrowLeft:i-1,ArrowDown:i-1,ArrowRight:i+1,ArrowUp:i+1,PageDown:i-7,PageUp:i+7,Home:0,End:a}[t.key];if(l!==void 0)this.hovered=void 0,this.chosen=Math.max(0,Math.min(a,l));else if(t.key==="Enter")this.openColumn(r,i,o);else return;t.preventDefault()}openColumn({model:t},r,i){let o=t.columns[r]?.nights??[],[a]=o;o.length===1&&a!==void 0&&q(a)&&this.open(i,a.date)}closeNight(){this.nightDialog.clear(),this.requestUpdate()}open({device:t},r){let{hass:i}=this;i===void 0||Ct({device:t,night:r})||(this.nightDialog.open(i,{device:t,night:r}),this.requestUpdate(),this.updateComplete.then(()=>this.dialog?.showModal()))}};f([v()],I.prototype,"range",2),f([v()],I.prototype,"measure",2),f([v()],I.prototype,"width",2),f([v()],I.prototype,"hovered",2),f([v()],I.prototype,"chosen",2),f([G(".body")],I.prototype,"body",2),f([G("dialog")],I.prototype,"dialog",2);function Sa(n){return st.find(e=>e===Number(n))}var Na=[{type:"limber-tonight-card",element:Kt,name:"tonight.card_name",description:"tonight.card_description",suggestedFor:/^binary_sensor\.(in_bed|asleep|cramp|monitoring)$|^sensor\.tonight_|^event\.(series|movement|cramp)$|^switch\.pause$/},{type:"limber-night-card",element:K,name:"night.card_name",description:"night.card_description",suggestedFor:/^sensor\.last_night_|^event\.night$|^calendar\.nights$|^binary_sensor\.restless_last_night$/},{type:"limber-trend-card",element:I,name:"trend.card_name",description:"trend.card_description",suggestedFor:/^sensor\.(last_night_|average_|restless_nights$)|^calendar\.nights$/},{type:"limber-helps-card",element:B,name:"helps.card_name",description:"helps.card_description",suggestedFor:/^event\.factor$|^sensor\.trial_|^binary_sensor\.trial_question$/}];var ar=["binary_sensor.","binary_sensor.sensor_connected","binary_sensor.bridge_problem","binary_sensor.sensor_problem","sensor.","sensor.signal_quality"];function Ma(n,e){let t=vn(n.devices);if(t.length===0)return{title:"Limber",views:[Xd(e)]};let r=t.map(o=>Jd(n,e,t,o)),i=ru(n,e);return{title:"Limber",views:i===void 0?r:[...r,i]}}function Xd(n){return{title:"Limber",path:"sleepers",type:"sections",sections:[{type:"grid",cards:[{type:"markdown",content:n.text("strategy.no_sleepers")}]}]}}function Jd(n,e,t,r){let i=o=>({type:`custom:limber-${o}-card`,device:r.device,grid_options:{columns:"full"}});return{title:eu(n,t,r),path:Yd(r),icon:"mdi:foot-print",type:"sections",max_columns:3,dense_section_placement:!0,sections:[tn(e,"strategy.tonight","mdi:weather-night",1,[i("tonight")]),tn(e,"strategy.last_night","mdi:weather-sunset-up",2,[i("night")]),tn(e,"strategy.trend","mdi:chart-line",2,[i("trend")]),tn(e,"strategy.helps","mdi:hand-heart",1,[i("helps")]),{type:"grid",column_span:3,cards:[nu(e)]}]}}function Yd({bridge:n,id:e}){return`${n}-${e}`}function eu(n,e,t){if(e.filter(({name:o})=>o===t.name).length<2)return t.name;let i=n.devices[n.devices[t.device]?.via_device_id??""];return`${t.name} (${i===void 0?t.bridge:Ea(i)})`}function tn(n,e,t,r,i){return{type:"grid",column_span:r,cards:[{type:"heading",heading:n.text(e),icon:t},...i]}}function tu(n){return{type:"tile",entity:n,name:{type:"entity"}}}function nu(n){return{type:"markdown",text_only:!0,content:n.text("strategy.caution"),grid_options:{columns:"full"}}}function ru(n,e){let t=Object.values(n.devices).filter(r=>sr(r)!==void 0&&sr(r)!=="sleeper").sort((r,i)=>nn(r).localeCompare(nn(i),void 0,{numeric:!0})).flatMap(r=>iu(n,r));if(t.length!==0)return{title:e.text("strategy.sensors"),path:"sensors",icon:"mdi:access-point",type:"sections",max_columns:4,sections:t}}function iu(n,e){let t=Object.values(n.entities).filter(o=>o.device_id===e.id&&o.platform==="limber"&&!o.hidden).filter(o=>ar.includes(ye(o))).sort((o,a)=>ar.indexOf(ye(o))-ar.indexOf(ye(a)));if(t.length===0)return[];let r=sr(e)==="bridge"?"mdi:bridge":"mdi:motion-sensor";return[{type:"grid",cards:[{type:"heading",heading:Ea(e),icon:r},...t.map(o=>tu(o.entity_id))]}]}function sr(n){let e=nn(n);return e===""?void 0:e.split("/")[1]??"bridge"}function nn(n){return n.identifiers.find(([e])=>e==="limber")?.[1]??""}function Ea(n){return n.name_by_user||n.name||nn(n)}var rn=class extends HTMLElement{static{this.registryDependencies=["devices","entities"]}static async generate(e,t){return Ma(t,me(t.locale))}static async getCreateSuggestions(e){return{title:me(e.locale).text("strategy.name"),icon:"mdi:foot-print"}}};var Aa="https://github.com/limber-home/limber/blob/main/docs/home-assistant.md";function Ca(n,e){return customElements.get(n)!==void 0?!1:(customElements.define(n,e),!0)}for(let n of Na)Ca(n.type,n.element)&&(window.customCards??=[],window.customCards.push({type:n.type,preview:!0,documentationURL:`${Aa}#cards`,get name(){return y().text(n.name)},get description(){return y().text(n.description)},getEntitySuggestion(e,t){let r=Lr(e,t);return r===void 0||!n.suggestedFor.test(r.key)?null:{config:{type:`custom:${n.type}`,device:r.device}}}}));Ca("ll-strategy-dashboard-limber",rn)&&(window.customStrategies??=[],window.customStrategies.push({type:"limber",strategyType:"dashboard",documentationURL:`${Aa}#dashboard`,get name(){return y().text("strategy.name")},get description(){return y().text("strategy.description")}}));
